import pytest

from app.records.search_query import query_words, to_matches


@pytest.mark.parametrize(
    ("typed", "expressions"),
    [
        ("mother", ('"mother"', '"mother" *')),
        ('"my mother"', ('"my mother"',)),
        ('sister "my mother" an', ('"sister" "my mother" "an"', '"sister" * "my mother" "an"')),
        ("don't", ('"don t"',)),
        ("母親", ('"母親"', '"母親" *')),
        ('NEAR(a OR b) -c "', ('"NEAR a" "OR" "b" "c"',)),
        ("... ''", ()),
    ],
    ids=["word", "phrase", "mixed", "apostrophe", "without-spaces", "grammar-of-the-index", "nothing"],
)
def test_to_matches__typed__are_words_first_and_then_what_begins_like_them(
    typed: str, expressions: tuple[str, ...]
) -> None:
    assert to_matches(typed) == expressions


def test_query_words__short_or_in_a_phrase__are_meant_whole() -> None:
    assert query_words('Père "my Mother" an') == (("pere", False), ("my", True), ("mother", True), ("an", True))
