from support.fake_panel import FakePanel

from firmware.lamp import Lamp
from firmware.light import Levels, Light


class Bench:
    def __init__(self) -> None:
        self.now_ms = 0
        self.panel = FakePanel()
        self.lamp = Lamp(self.panel, lambda: self.now_ms)

    def reds_after(self, ms: int) -> list[str]:
        self.panel.history.clear()
        for _ in range(ms // 20):
            self.now_ms += 20
            self.lamp.tick()
        return [what for what in self.panel.history if what.startswith("red")]


def test_lamp__new__is_dark() -> None:
    assert Bench().panel.shown() == Levels(red=False, green=False)


def test_lamp__shown__has_moved_the_pins_when_it_returns() -> None:
    bench = Bench()
    bench.lamp.show(Light("on", green=True))
    assert bench.panel.shown() == Levels(red=True, green=True)


def test_lamp__blinking__starts_lit_whenever_it_is_asked_for() -> None:
    bench = Bench()
    bench.now_ms = 1_500
    bench.lamp.show(Light("slow_blink", green=False))
    assert bench.panel.shown().red
    assert bench.reds_after(3_000) == ["red off", "red on", "red off"]


def test_lamp__asked_for_the_same_again__does_not_stumble() -> None:
    bench = Bench()
    bench.lamp.show(Light("slow_blink", green=False))
    bench.reds_after(600)
    bench.lamp.show(Light("slow_blink", green=False))
    assert bench.reds_after(420) == ["red off"]


def test_lamp__steady__moves_no_pin() -> None:
    bench = Bench()
    bench.lamp.show(Light("on", green=False))
    assert bench.reds_after(5_000) == []


def test_lamp__pin_does_not_follow__does_not_answer() -> None:
    bench = Bench()
    bench.lamp.show(Light("on", green=False))
    assert bench.lamp.answers()
    bench.panel.red_is_broken = True
    assert not bench.lamp.answers()
