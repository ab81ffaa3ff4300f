"""A right tacet.toml, and two dozen ways to break it by hand."""

GOOD = """\
[box]
name = "tacet-room-3"
room = "Room 3"
time_zone = "Europe/Berlin"

[network]
method = "static"
address = "192.168.7.20/24"
gateway = "192.168.7.1"
dns = ["192.168.7.1"]

[recorder]
channels = 2
device = "USB"

[app]
announce = true
"""

# What is broken; the text that is replaced, and by what; the line that is to be named; what has to be said.
BROKEN = [
    ("a misspelt setting", 'room = "', 'rom = "', 3, "Did you mean room?"),
    ("a misspelt section", "[network]", "[netwerk]", 6, "Did you mean network?"),
    ("no quotes", '"tacet-room-3"', "tacet-room-3", 2, "straight quotes"),
    ("typographic quotes", '"Room 3"', "\u201cRoom 3\u201d", 3, "straight ones"),
    ("a quote that does not end", '"Room 3"', '"Room 3', 3, "Close the quote"),
    ("a bracket that does not end", "[recorder]", "[recorder", 12, "missing ]"),
    ("a setting twice", 'device = "USB"', 'device = "USB"\ndevice = "Jabra"', 15, "Keep one"),
    ("a section twice", "[app]\n", "[box]\n", 16, "Keep one"),
    ("no value", "channels = 2", "channels", 13, "name = value"),
    ("a name with a space", '"tacet-room-3"', '"Room 3"', 2, "small letters"),
    ("an unknown time zone", "Europe/Berlin", "Berlin", 4, "like Europe/Berlin"),
    ("no IP address", '"192.168.7.20/24"', '"192.168.7.300/24"', 8, "192.168.7.20"),
    ("an address without a prefix", "192.168.7.20/24", "192.168.7.20", 6, "/24"),
    ("a gateway elsewhere", '"192.168.7.1"\ndns', '"10.0.0.1"\ndns', 6, "not in the address's network"),
    ("static without an address", 'address = "192.168.7.20/24"\ngateway = "192.168.7.1"\n', "", 6, "needs address"),
    ("an address with DHCP", '"static"', '"dhcp"', 6, 'method = "static"'),
    ("none of the choices", '"static"', '"fixed"', 7, "'dhcp' or 'static'"),
    ("too many microphones", "channels = 2", "channels = 3", 13, "1 or 2"),
    ("a number in quotes for true", "announce = true", 'announce = "maybe"', 17, "true or false"),
    ("out of bounds", "announce = true", "port = 70000", 17, "at most 65535"),
    ("text for a list", 'dns = ["192.168.7.1"]', 'dns = "192.168.7.1"', 10, "square brackets"),
    ("a room without end", '"Room 3"', '"' + "Room " * 20 + '"', 3, "at most 40 characters"),
    ("a setting outside of its section", "[box]\n", 'consent_policy = "warn"\n[box]\n', 1, "below [recorder]"),
]
