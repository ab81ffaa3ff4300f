"""Codes that an authenticator app shows, one for half a minute (RFC 6238). The only file that knows pyotp and segno."""

from datetime import datetime

import pyotp
import segno

STEP_S = 30
ISSUER = "Tacet"


def new_secret() -> str:
    """160 random bits in Base32, as RFC 4226 asks for and every app reads."""
    return pyotp.random_base32()


def step_of(secret: str, typed: str, now: datetime, later_than: int = 0) -> int | None:
    """The step in time that the code belongs to: this one, or one beside it for a clock that is a little off.

    A code counts once: only steps later than `later_than` are looked at. None where it is none of them.
    """
    digits = "".join(one for one in typed if one.isascii() and one.isdigit())
    code, now_step = pyotp.TOTP(secret), int(now.timestamp()) // STEP_S
    for step in (now_step, now_step - 1, now_step + 1):
        if step > later_than and pyotp.utils.strings_equal(code.generate_otp(step), digits):
            return step
    return None


def qr_code(secret: str, person: str) -> str:
    """What the app's camera reads, as SVG that needs no style."""
    address = pyotp.TOTP(secret).provisioning_uri(name=person, issuer_name=ISSUER)
    drawn: str = segno.make(address, error="m").svg_inline(scale=5, border=3, dark="#000", light="#fff", omitsize=True)
    return drawn


def in_groups(secret: str) -> str:
    """The secret to be typed, where there is no camera."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
