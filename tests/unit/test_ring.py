import threading

from hypothesis import given
from hypothesis import strategies as st

from firmware.ring import Missing, Ring


def block(samples: int, fill: int = 1) -> bytes:
    return bytes([fill]) * (2 * samples)


def ring_of(capacity_samples: int) -> Ring:
    ring = Ring(capacity_samples, bytes_per_frame=2)
    ring.open()
    return ring


def drain(ring: Ring) -> list[bytes | Missing]:
    ring.close()
    items: list[bytes | Missing] = []
    while (item := ring.take()) != "drained":
        items.append(item)
    return items


def test_ring__blocks_that_fit__come_out_in_order() -> None:
    ring = ring_of(100)
    ring.push(block(10, 1))
    ring.push(block(20, 2))
    assert drain(ring) == [block(10, 1), block(20, 2)]
    assert ring.samples_in == 30


def test_ring__full__puts_a_gap_of_the_same_length_in_the_place_of_what_is_lost() -> None:
    ring = ring_of(20)
    ring.push(block(10, 1))
    ring.push(block(10, 2))
    ring.push(block(10, 3))
    ring.push(block(5, 4))
    assert ring.take() == block(10, 1)
    ring.push(block(10, 5))
    assert drain(ring) == [block(10, 2), Missing(15), block(10, 5)]
    assert ring.samples_in == 45


def test_ring__closed__takes_nothing_and_keeps_what_it_has() -> None:
    ring = ring_of(100)
    ring.push(block(10))
    ring.close()
    ring.push(block(10))
    ring.push_missing(10)
    assert drain(ring) == [block(10)]
    assert ring.samples_in == 10


def test_ring__opened_again__goes_on_counting() -> None:
    ring = ring_of(100)
    ring.push(block(10))
    drain(ring)
    ring.open()
    ring.push(block(5))
    assert drain(ring) == [block(5)]
    assert ring.samples_in == 15


def test_ring__unknown_amount_missing__stays_apart_from_known_gaps() -> None:
    ring = ring_of(100)
    for samples in (10, None, None, 5, 6):
        ring.push_missing(samples)
    assert drain(ring) == [Missing(10), Missing(None), Missing(11)]
    assert ring.samples_in == 21


def test_ring__waiting_taker__is_woken_by_a_block_and_by_the_end() -> None:
    ring = ring_of(100)
    taken: list[object] = []

    def take_all() -> None:
        while (item := ring.take()) != "drained":
            taken.append(item)

    taker = threading.Thread(target=take_all)
    taker.start()
    ring.push(block(10))
    ring.close()
    taker.join(5)
    assert not taker.is_alive()
    assert taken == [block(10)]


@given(st.lists(st.one_of(st.integers(1, 40), st.just("take")), max_size=60))
def test_ring__any_pace__loses_no_sample_without_saying_so(steps: list[object]) -> None:
    ring = ring_of(100)
    taken: list[bytes | Missing] = []
    held = 0
    for step in steps:
        if isinstance(step, int):
            ring.push(block(step))
            held += 1
        elif held:
            held -= 1
            item = ring.take() if ring._items else None
            if isinstance(item, bytes | Missing):
                taken.append(item)
    taken += drain(ring)
    total = sum(item.samples or 0 if isinstance(item, Missing) else len(item) // 2 for item in taken)
    assert total == ring.samples_in == sum(step for step in steps if isinstance(step, int))
