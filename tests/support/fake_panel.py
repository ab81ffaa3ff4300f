from collections.abc import Callable

from firmware.light import Levels


class FakePanel:
    """Records what it is asked to show, in a history that other fakes may share; passes the panels' contract tests."""

    def __init__(self, history: list[str] | None = None) -> None:
        self.history: list[str] = [] if history is None else history
        self.red_is_broken = False
        self.heartbeat = False
        self._levels = Levels(red=False, green=False)
        self._down = False
        self._on_change: Callable[[bool], None] = lambda _: None

    def watch_button(self, on_change: Callable[[bool], None]) -> None:
        self._on_change = on_change

    def button_is_down(self) -> bool:
        return self._down

    def press(self) -> None:
        self._down = True
        self._on_change(True)  # noqa: FBT003  the port's callback has one argument

    def release(self) -> None:
        self._down = False
        self._on_change(False)  # noqa: FBT003  same

    def show(self, levels: Levels) -> None:
        if levels.red != self._levels.red:
            self.history.append("red on" if levels.red else "red off")
        self._levels = levels

    def shown(self) -> Levels:
        self.history.append("light read back")
        return self._levels._replace(red=False) if self.red_is_broken else self._levels

    def beat(self) -> None:
        self.heartbeat = not self.heartbeat
        self.history.append("heartbeat")

    def close(self) -> None:
        self._levels = Levels(red=False, green=False)
