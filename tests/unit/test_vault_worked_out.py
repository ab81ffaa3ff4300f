from pathlib import Path

from support.vaults import SESSION, draft, open_vault

from app.review import lines_of
from app.vault.worked_out import MOST_SESSIONS, Shelf, WorkedOut


def test_each__a_part_has_changed__works_that_one_out_again() -> None:
    worked_out, asked = WorkedOut(), list[str]()

    def shout(word: str) -> str:
        asked.append(word)
        return word.upper()

    assert worked_out.each("words", enumerate(["one", "two"]), shout) == ["ONE", "TWO"]
    assert worked_out.each("words", enumerate(["one", "too", "three"]), shout) == ["ONE", "TOO", "THREE"]
    assert asked == ["one", "two", "too", "three"]


def test_of__made_of_something_else__is_worked_out_again() -> None:
    worked_out = WorkedOut()
    assert worked_out.of("sum", (1, 2), lambda: 3) == 3
    assert worked_out.of("sum", (1, 2), lambda: 0) == 3
    assert worked_out.of("sum", (1, 3), lambda: 4) == 4


def test_shelf__more_sessions_than_it_holds__lets_the_one_go_that_was_looked_at_first() -> None:
    shelf = Shelf()
    kept = {number: shelf.of(str(number)) for number in range(MOST_SESSIONS)}
    shelf.of("0")
    shelf.of("one more")
    assert shelf.of("0") is kept[0]
    assert shelf.of("1") is not kept[1]


def test_content__read_again__uses_what_has_not_changed_and_nothing_that_has(tmp_path: Path) -> None:
    with open_vault(tmp_path) as vault:
        draft(vault, "one two", "three four")
        before = vault.sessions.content(SESSION)
        lines = lines_of(before)
        assert lines_of(vault.sessions.content(SESSION)) is lines
        vault._database.write(lambda changed: changed.execute("DROP TRIGGER segments_are_never_changed"))
        vault._database.write(lambda changed: changed.execute("UPDATE segments SET text = 'tampered' WHERE seq = 1"))
        after = vault.sessions.content(SESSION)
        assert after.segments[0] is before.segments[0]
        assert lines_of(after)[1].text == "tampered"


def test_lock__after_a_session_was_read__leaves_nothing_of_it_on_the_shelf(tmp_path: Path) -> None:
    with open_vault(tmp_path) as vault:
        draft(vault, "one two")
        vault.sessions.content(SESSION)
        assert vault._shelf._sessions
    vault.lock()
    assert not vault._shelf._sessions
