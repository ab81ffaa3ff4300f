"""How long a therapist waits for the review page, and what eight people at once do to it: `make bench-review`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # tests/support, as pytest finds it
