"""When a session is heard anew, and what that changed: rules without a box."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from support.tapes import new_tape

from app.asr.settings import AsrSettings
from app.domain import Segment, Word
from app.power import on_battery
from app.review import changed_words, changes
from app.second_pass import Machine, machine_now, why_not
from app.second_speed import SecondSpeed, keep_speed, read_speed

AT_REST = Machine(recording=False, on_battery=False, slowed=False, hottest_c=None)


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        pytest.param(AT_REST, "", id="no sensor"),
        pytest.param(Machine(recording=False, on_battery=False, slowed=False, hottest_c=64.9), "", id="cool"),
        pytest.param(Machine(recording=True, on_battery=False, slowed=False, hottest_c=40), "recorded", id="recording"),
        pytest.param(Machine(recording=False, on_battery=True, slowed=False, hottest_c=40), "battery", id="battery"),
        pytest.param(Machine(recording=False, on_battery=False, slowed=True, hottest_c=40), "warm", id="slowed"),
        pytest.param(Machine(recording=False, on_battery=False, slowed=False, hottest_c=70), "warm", id="hot"),
    ],
)
def test_why_not__what_the_box_does__decides(machine: Machine, said: str) -> None:
    assert bool(why_not(machine)) == bool(said)
    assert said in why_not(machine)


def supply(root: Path, name: str, **values: str) -> None:
    part = root / "sys/class/power_supply" / name
    part.mkdir(parents=True)
    for file, value in values.items():
        (part / file).write_text(f"{value}\n")


def test_on_battery__no_such_parts__is_plugged_in(tmp_path: Path) -> None:
    assert not on_battery(tmp_path)


def test_on_battery__one_that_empties__says_so(tmp_path: Path) -> None:
    supply(tmp_path, "AC", type="Mains", online="0")
    supply(tmp_path, "BAT0", type="Battery", status="Discharging")
    assert on_battery(tmp_path)


def test_on_battery__one_that_is_charged_or_is_a_mouses__is_plugged_in(tmp_path: Path) -> None:
    supply(tmp_path, "BAT0", type="Battery", status="Charging")
    supply(tmp_path, "hidpp_battery_0", type="Battery", scope="Device", status="Discharging")
    assert not on_battery(tmp_path)


def test_machine_now__a_slowed_processor__is_seen(tmp_path: Path) -> None:
    device = tmp_path / "sys/class/thermal/cooling_device0"
    device.mkdir(parents=True)
    (device / "type").write_text("cpufreq-cpu0\n")
    (device / "cur_state").write_text("2\n")
    assert machine_now(tmp_path / "tapes", tmp_path) == Machine(
        recording=False, on_battery=False, slowed=True, hottest_c=None
    )


def test_machine_now__a_tape_under_the_pen__is_a_recording(tmp_path: Path) -> None:
    writer = new_tape(tmp_path / "tapes")
    assert machine_now(tmp_path / "tapes", tmp_path).recording
    writer.close()
    assert not machine_now(tmp_path / "tapes", tmp_path).recording


def heard(*texts: str, seq: int = 0, late_ms: int = 0) -> list[Segment]:
    """Three seconds a sentence, a word every 200 ms."""
    found = []
    for number, text in enumerate(texts):
        begins = number * 3000 + late_ms
        words = tuple(Word(begins + 200 * at, begins + 200 * at + 150, one, 0.9) for at, one in enumerate(text.split()))
        found.append(Segment(seq + number, begins, begins + 2900, "1", text, 0.9, words, "Whisper base"))
    return found


def test_changes__the_same_words_a_little_later__are_none() -> None:
    first, second = (
        heard("I saw him, once", "and then no more"),
        heard("I saw him once.", "And then no more", late_ms=90),
    )
    assert changes(first, second) == ()
    assert changed_words(first, second) == 0


def test_changes__a_word_heard_otherwise__is_struck_beside_the_new_one() -> None:
    first, second = heard("we met on a Thursday then"), heard("we met on a thirsty day then")
    (change,) = changes(first, second)
    assert change.pieces == (("same", "we met on a"), ("gone", "Thursday"), ("new", "thirsty day"), ("same", "then"))
    assert change.start_ms == 800
    assert changed_words(first, second) == 2
    assert "Thursday" not in repr(change)


def test_changes__words_that_came_and_went__stand_at_their_time() -> None:
    first, second = heard("one two", "", "five six"), heard("one two", "three four", "six")
    assert [(one.start_ms, one.pieces) for one in changes(first, second)] == [
        (3000, (("new", "three four"),)),
        (6000, (("gone", "five"), ("same", "six"))),
    ]
    assert changed_words(first, second) == 3


def test_changes__hours_of_speech__are_compared_in_pieces() -> None:
    lines = [f"line {number} says something of its own and ends" for number in range(2000)]
    other = [line.replace("something", "nothing") if number % 50 == 0 else line for number, line in enumerate(lines)]
    assert changed_words(heard(*lines), heard(*other)) == 40


def test_speed__kept__is_this_models_alone(tmp_path: Path) -> None:
    assert read_speed(tmp_path / "box", "Whisper small") is None
    keep_speed(tmp_path / "box", SecondSpeed(model="Whisper small", sound_s=300, took_s=75))
    found = read_speed(tmp_path / "box", "Whisper small")
    assert found is not None
    assert found.a_minute_s == 15
    assert read_speed(tmp_path / "box", "Whisper large-v3-turbo") is None


def test_settings__the_second_model_is_the_first__are_refused() -> None:
    with pytest.raises(ValidationError, match="hears already"):
        AsrSettings(model="base", second_model="base")
