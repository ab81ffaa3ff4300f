"""What a sign-in asks for besides the passphrase: a one-time code, or a passkey. Kept beside the vault, wrapped.

It guards the page, not the files: the passphrase alone opens the vault for whoever holds its files and may run programs
on them. See docs/decisions/0032.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.durable import erase_private, write_private
from app.passkeys import Passkey
from app.vault.keys import NotOpened, Purpose, unwrap, wrap

SECOND_STEP_FILE = "second-step"


class SecondStep(BaseModel):
    """Holds the secret of the one-time codes in clear."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: str | None = Field(default=None, repr=False)  # of the one-time codes, Base32
    last_step: int = 0  # in time, of the last code that was taken: none counts twice
    passkeys: tuple[Passkey, ...] = ()
    damaged: bool = False  # what is kept cannot be read: only the recovery code is left

    @property
    def asked(self) -> bool:
        return self.damaged or self.secret is not None or bool(self.passkeys)

    def with_proven(self, passkey: Passkey) -> "SecondStep":
        """The same with this passkey's new count."""
        renewed = (passkey if one.credential_id == passkey.credential_id else one for one in self.passkeys)
        return self.with_passkeys(tuple(renewed))

    def with_passkeys(self, passkeys: tuple[Passkey, ...]) -> "SecondStep":
        return self.model_copy(update={"passkeys": passkeys})


def read_second_step(folder: Path, vault_id: str, vault_key: bytes) -> SecondStep:
    try:
        wrapped = (folder / SECOND_STEP_FILE).read_bytes()
    except FileNotFoundError:
        return SecondStep()
    try:
        return SecondStep.model_validate_json(unwrap(vault_key, wrapped, vault_id, Purpose.SECOND_STEP))
    except (NotOpened, ValidationError):
        return SecondStep(damaged=True)


def keep_second_step(folder: Path, vault_id: str, vault_key: bytes, asked: SecondStep) -> None:
    """Durable on return. Raises OSError where the storage refused; what stood there stands."""
    if not asked.asked:
        erase_private(folder / SECOND_STEP_FILE)
        return
    wrapped = wrap(vault_key, asked.model_dump_json().encode(), vault_id, Purpose.SECOND_STEP)
    write_private(folder / SECOND_STEP_FILE, wrapped)
