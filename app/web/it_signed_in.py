"""Who clinic IT is to the page: a sign-in that belongs to no vault."""

from typing import Annotated

from fastapi import Depends, Request

from app.web.desk import NotSignedIn, desk_of
from app.web.sign_ins import COOKIE, SignIn

CLINIC_IT = "clinic-it"  # where a therapist's sign-in has a vault's id


def it_signed_in(request: Request) -> SignIn:
    """Give clinic IT's sign-in.

    Raises:
        NotSignedIn: leads to the sign-in page.
    """
    return _found(request, touch=True)


def it_watching(request: Request) -> SignIn:
    """Give it to a page that asks by itself, which is no sign of life. Raises NotSignedIn."""
    return _found(request, touch=False)


def _found(request: Request, *, touch: bool) -> SignIn:
    sign_in = desk_of(request).sign_ins.find(request.cookies.get(COOKIE), touch=touch)
    if sign_in is None or sign_in.vault_id != CLINIC_IT:
        raise NotSignedIn
    return sign_in


It = Annotated[SignIn, Depends(it_signed_in)]
ItWatching = Annotated[SignIn, Depends(it_watching)]
