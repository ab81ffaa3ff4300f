"""Some thousand random steps of the whole recorder; `make faults` takes a hundred thousand."""

from faults.box_machine import BoxMachine
from faults.machine import SETTINGS
from hypothesis import settings

BoxMachine.TestCase.settings = settings(SETTINGS, max_examples=40, derandomize=True, print_blob=True)
TestRecorder = BoxMachine.TestCase
