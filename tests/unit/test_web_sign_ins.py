from app.web.sign_ins import ABSOLUTE_S, IDLE_S, SignIns


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_sign_in__no_sign_of_life__is_over_after_the_idle_time() -> None:
    clock = Clock()
    sign_ins = SignIns(clock)
    token, _ = sign_ins.begin("vault")
    clock.now_s += IDLE_S - 1
    assert sign_ins.find(token)
    clock.now_s += IDLE_S - 1
    assert sign_ins.find(token)
    clock.now_s += IDLE_S
    assert sign_ins.find(token) is None


def test_sign_in__watched_by_an_event_stream__that_is_no_sign_of_life() -> None:
    clock = Clock()
    sign_ins = SignIns(clock)
    token, _ = sign_ins.begin("vault")
    clock.now_s += IDLE_S - 1
    assert sign_ins.find(token, touch=False)
    clock.now_s += 1
    assert sign_ins.find(token) is None


def test_sign_in__always_in_use__is_over_after_the_absolute_time() -> None:
    clock = Clock()
    sign_ins = SignIns(clock)
    token, _ = sign_ins.begin("vault")
    for _ in range(ABSOLUTE_S // 60 - 1):
        clock.now_s += 60
        assert sign_ins.find(token)
    clock.now_s += 60
    assert sign_ins.find(token) is None


def test_sign_in__ended_everywhere__wakes_who_watches_and_spares_others() -> None:
    sign_ins = SignIns()
    one, first = sign_ins.begin("mine")
    other, second = sign_ins.begin("mine")
    foreign, third = sign_ins.begin("theirs")
    sign_ins.end_all("mine")
    assert sign_ins.find(one) is sign_ins.find(other) is None
    assert first.ended.is_set()
    assert second.ended.is_set()
    assert sign_ins.find(foreign) is third


def test_sign_in__ended_once__the_token_opens_nothing() -> None:
    sign_ins = SignIns()
    token, _ = sign_ins.begin("vault")
    sign_ins.end(token)
    assert sign_ins.find(token) is None


def test_sign_in__foreign_or_no_token__opens_nothing() -> None:
    sign_ins = SignIns()
    sign_ins.begin("vault")
    assert sign_ins.find("guess") is sign_ins.find("") is sign_ins.find(None) is None


def test_sign_ins__memory__holds_no_token_and_no_recovery_code_in_reprs() -> None:
    sign_ins = SignIns()
    token, sign_in = sign_ins.begin("vault")
    sign_in.recovery_code = "ABCD-EFGH"
    assert token.encode() not in b"".join(sign_ins._by_digest)
    assert "ABCD" not in repr(sign_in)
