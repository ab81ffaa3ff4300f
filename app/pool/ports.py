"""Of the scheduler's machine. Imports nothing: the command line shows them with every `--help`."""

DOOR_PORT = 8790  # where boxes ask
SCHEDULER_PORT = 8791  # where workers offer themselves
JOIN_PORT = 8792  # where a code is redeemed, while `tacet pool invite` waits
