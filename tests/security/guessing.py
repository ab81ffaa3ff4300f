"""Ten thousand guesses over one day, with a clock of our own, from one address and from many."""

from itertools import cycle

from faults.promise import Figure, Progress, Scale
from starlette.testclient import TestClient
from support.web_box import PASSPHRASE
from support.web_client import OWN_PAGE

from app.vault.vault import Proven
from app.web.guessing import DAY_S, Guesses
from security.page import page

MOST = 100


def login_cannot_be_guessed(scale: Scale, told: Progress) -> Figure:
    guesses, found = scale.of(10_000, 150), []
    for addresses in (1, 250):
        told(f"{guesses} guesses from {addresses}")
        found.append(_attack(guesses, addresses))
    kept = all(verified <= MOST and owner for verified, owner in found)
    words = ", ".join(f"{verified} looked at, owner {'in' if owner else 'OUT'}" for verified, owner in found)
    return Figure(f"{guesses} from 1 and 250 addresses: {words}", kept)


def _attack(guesses: int, addresses: int) -> tuple[int, bool]:
    """How many guesses were looked at, and whether the owner got in at the end."""
    now_s, looked_at = [0.0], [0]
    with page() as (client, vault):
        client.sign_in(vault)  # so that the owner's browser is known
        object.__setattr__(client.app.state.desk, "guesses", Guesses(lambda: now_s[0]))
        prove = client.vaults.prove

        def counted(vault_id: str, passphrase: str) -> Proven:
            looked_at[0] += 1
            return prove(vault_id, passphrase)

        client.vaults.prove = counted  # type: ignore[method-assign]
        strangers = [
            TestClient(client.app, "https://tacet.local", headers=OWN_PAGE, client=(f"10.0.{n // 250}.{n % 250}", 1))
            for n in range(addresses)
        ]
        form = {"person": vault.account.vault_id, "passphrase": "not this one"}
        for _, stranger in zip(range(guesses), cycle(strangers), strict=False):
            stranger.post("/signin", data=form, follow_redirects=False)
            now_s[0] += DAY_S / guesses
        verified = looked_at[0]
        owner = client.http.post("/signin", data=form | {"passphrase": PASSPHRASE})
        for stranger in strangers:
            stranger.close()
    return verified, owner.headers.get("location") == "/today"
