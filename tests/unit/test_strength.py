"""An estimate is bounded, whatever was typed: anybody on the network may ask for one."""

import pytest

from app.vault.strength import MOST_READINGS, _plainer, _readings, strength_of


@pytest.mark.parametrize(
    "typed",
    ["a4@8({[<36a9&#!1/|0$5+7%2z", "".join(chr(33 + n) for n in range(64)), "1l|!7" * 12],
    ids=["all-figures", "all-signs", "repeated"],
)
def test_strength_of__figures_for_letters_in_every_way__are_looked_up_in_few(typed: str) -> None:
    """Unbounded, 64 such letters took seconds of processor time."""
    assert _readings(typed) > MOST_READINGS
    assert _readings(_plainer(typed)) <= MOST_READINGS


def test_strength_of__many_figures__is_no_easier_to_pass() -> None:
    assert not strength_of("1l|!1l|!1l|!").enough
    assert not strength_of("p@$$w0rd!1|p4ssw0rd").enough
    assert strength_of("x7K!q9Zp$2mW").enough
