"""What waits to be heard: counts and lengths."""

from app.hearing_queue import HearingQueue, Progress, queue_of


def test_queue__of_nothing__is_empty() -> None:
    assert queue_of({}, None) == HearingQueue()


def test_queue__of_a_session_that_goes_on_and_one_that_ended__tells_both_and_what_is_heard() -> None:
    live, ended = Progress(50_000, 62_000, live=True), Progress(0, 600_000, live=False)
    queue = queue_of({"a": live, "b": ended}, "b")
    assert (queue.live, queue.ended) == (1, 1)
    assert (queue.live_behind_ms, queue.behind_ms) == (12_000, 612_000)
    assert queue.hearing == ended


def test_queue__heard_is_a_session_that_is_done__tells_nobody() -> None:
    assert queue_of({}, "gone").hearing is None
