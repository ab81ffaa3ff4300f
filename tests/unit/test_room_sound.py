"""The bench's own ear: it must not call a good tape wrong behind a gap, nor miss one changed sample."""

import numpy as np
import pytest
from bench.room_sound import CHUNK_S, TAPE_HZ, chunk, compare

ROOM = np.frombuffer(chunk(0, TAPE_HZ) + chunk(1, TAPE_HZ), dtype="<i2")
LOST_SAMPLES, DECLARED_SAMPLES = 14_000, 14_720  # what the clock says is never exact
GAP_AT = 7 * TAPE_HZ + 5


@pytest.fixture
def tape() -> np.ndarray:
    """Half a second of a silent room, 20 s of noise with a gap, and a second of silence."""
    gap = np.zeros(DECLARED_SAMPLES, dtype=np.int16)
    before, after = ROOM[: GAP_AT - 8_000], ROOM[GAP_AT - 8_000 + LOST_SAMPLES :]
    return np.concatenate([np.zeros(8_000, dtype=np.int16), before, gap, after, np.zeros(TAPE_HZ, dtype=np.int16)])


def test_compare__tape_with_a_gap__finds_the_sound_again_behind_it(tape: np.ndarray) -> None:
    likeness = compare(tape, [(GAP_AT, DECLARED_SAMPLES)], 2 * CHUNK_S, TAPE_HZ)
    assert likeness.wrong == ()
    assert likeness.compared == (*range(6), *range(8, 20))


def test_compare__one_sample_changed_behind_the_gap__is_found(tape: np.ndarray) -> None:
    tape[GAP_AT + DECLARED_SAMPLES + 5 * TAPE_HZ] += 1
    assert len(compare(tape, [(GAP_AT, DECLARED_SAMPLES)], 2 * CHUNK_S, TAPE_HZ).wrong) == 1


def test_compare__loss_that_no_gap_declares__is_found(tape: np.ndarray) -> None:
    shorter = np.delete(tape, range(15 * TAPE_HZ, 15 * TAPE_HZ + 100))
    assert len(compare(shorter, [(GAP_AT, DECLARED_SAMPLES)], 2 * CHUNK_S, TAPE_HZ).wrong) >= 5
