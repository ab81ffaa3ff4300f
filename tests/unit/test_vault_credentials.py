import pytest

from app.vault.credentials import check_name, check_passphrase
from app.vault.errors import InvalidName, WeakPassphrase


def test_check_name__spaces_and_decomposed_letters__are_tidied() -> None:
    assert check_name("  Dr.  Zoe\u0308\tExample ") == "Dr. Zo\u00eb Example"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Enter your name"),
        (" \n\t", "Enter your name"),
        ("x" * 81, "longer than 80"),
        ("Ada\x00", "cannot be shown"),
        ("Ada\u202eExample", "cannot be shown"),
        ("Ada\ud800", "cannot be shown"),
        ("dr. ada EXAMPLE", "has this name already"),
        ("\uff24r. Ada Example", "has this name already"),
    ],
)
def test_check_name__cannot_be_used__asks_for_another(name: str, sentence: str) -> None:
    with pytest.raises(InvalidName, match=sentence):
        check_name(name, taken=["Dr. Ada Example"])


@pytest.mark.parametrize("name", ["Ada", "Żółć", "李 小龙", "Ada O'Neil-Smith (group practice)", "x" * 80])
def test_check_name__names_of_people__pass(name: str) -> None:
    assert check_name(name, taken=["Dr. Ada Example"]) == name


@pytest.mark.parametrize("passphrase", ["", "eleven char", " " * 12, "  eleven char  ", "a\u0301" * 11])
def test_check_passphrase__under_twelve_characters__is_refused_with_a_hint(passphrase: str) -> None:
    with pytest.raises(WeakPassphrase, match="at least 12 characters"):
        check_passphrase(passphrase)


def test_check_passphrase__over_a_thousand_characters__is_refused() -> None:
    with pytest.raises(WeakPassphrase, match="longer than 1000"):
        check_passphrase("x" * 1001)


@pytest.mark.parametrize(
    "passphrase",
    ["four words are good", "密码很长也很难猜到的句子呢", "tRz7 kp2w mQ9e"],
)
def test_check_passphrase__long_and_hard_to_guess__passes(passphrase: str) -> None:
    check_passphrase(passphrase, "Ada Example")


@pytest.mark.parametrize(
    "passphrase", ["x" * 1000, "password1234", "qwertyuiop123", "123456789012", "Ada Example Ada", "tacettacettacet"]
)
def test_check_passphrase__among_the_first_a_guesser_tries__is_refused(passphrase: str) -> None:
    with pytest.raises(WeakPassphrase, match="easy to guess"):
        check_passphrase(passphrase, "Ada Example")
