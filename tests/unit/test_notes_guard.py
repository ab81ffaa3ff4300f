"""The guard: what a draft sentence may not say without its source, one kind at a time, and how often it is right."""

import pytest
from bench.guard import KINDS, LEAST_CAUGHT, MOST_FALSE, cases_of, rates

from app.notes.guard import flags_of
from app.notes.transcript import Role, Utterance

ASKED = Utterance(0, 0, 4, Role.THERAPIST, "Have you had any thoughts of hurting yourself this week?")
NO = Utterance(1, 5, 9, Role.CLIENT, "Um, no. I slept four hours on Monday, Anna stayed with me.")
ADVICE = Utterance(2, 10, 14, Role.THERAPIST, "I recommend that you call Dr Weiss, because your depression is back.")


def _rules(text: str, *sources: Utterance, said_by: Role = Role.UNKNOWN) -> set[str]:
    return {flag.rule for flag in flags_of(text, sources, said_by)}


@pytest.mark.parametrize("kind", KINDS)
def test_guard__sentences_of_the_open_half__are_caught_by_kind(kind: str) -> None:
    cases = [case for case in cases_of("open") if case.kind == kind]
    assert len(cases) == 10
    assert sum(bool(case.rules) for case in cases) >= 9


@pytest.mark.parametrize("half", ["open", "kept"])
def test_guard__each_half__is_within_the_bounds(half: str) -> None:
    cases = cases_of(half)
    assert sum(case.kind == "true" for case in cases) == 100
    caught, false = rates(cases)
    assert caught >= LEAST_CAUGHT
    assert false <= MOST_FALSE


def test_guard__sentence_without_a_source__is_flagged() -> None:
    assert _rules("The client slept four hours.") == {"unsourced"}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("The client slept five hours on Monday.", "number"),
        ("The client slept four hours on Tuesday.", "day"),
        ("Berta stayed with the client.", "name"),
        ("The therapist slept four hours on Monday.", "speaker"),
        ("The client did not sleep four hours on Monday.", "negation"),
        ('The client said "I cannot go on" on Monday.', "quote"),
        ("The client has insomnia disorder.", "diagnosis"),
        ("The prognosis is good.", "prognosis"),
        ("The client should take a pill on Monday.", "recommendation"),
        ("Risk is low this week.", "risk"),
        ("Mood was euthymic on Monday.", "normal"),
        ("The client went to the harbour with a band of musicians.", "overlap"),
    ],
)
def test_guard__what_the_source_does_not_carry__is_named_by_its_rule(text: str, rule: str) -> None:
    assert rule in _rules(text, ASKED, NO)


def test_guard__denial__needs_the_question_among_its_sources() -> None:
    denial = "The client denied thoughts of hurting herself."
    assert _rules(denial, ASKED, NO) == set()
    assert "denied" in _rules(denial, NO)
    assert "denied" in _rules("The client denied hallucinations.", ASKED, NO)


def test_guard__answer_turned_round__is_flagged() -> None:
    pair = "Have you had any thoughts of hurting yourself this week? \u2013 "
    assert _rules(f"{pair}No.", ASKED, NO, said_by=Role.CLIENT) == set()
    assert "negation" in _rules(f"{pair}Yes.", ASKED, NO, said_by=Role.CLIENT)
    assert "negation" in _rules("The client had thoughts of hurting herself this week.", ASKED, NO)


def test_guard__what_the_therapist_said_in_these_words__stands() -> None:
    assert _rules("I recommend that you call Dr Weiss, because your depression is back.", ADVICE) == set()
    assert _rules("The therapist recommended to call Dr Weiss.", ADVICE) == set()


def test_flag__shown_to_a_person__is_a_sentence_and_hides_its_words_from_reprs() -> None:
    (flag,) = flags_of("The client slept five hours on Monday.", (NO,))
    assert flag.says == "This number does not stand in the source: 5."
    assert "5" not in repr(flag)
