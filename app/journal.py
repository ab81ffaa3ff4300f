"""How serious a line is, in the numbers that systemd's journal reads at its beginning. The recorder has its own.

Source: sd-daemon(3).
"""

from typing import Final

ERROR: Final = 3
WARNING: Final = 4
INFO: Final = 6
