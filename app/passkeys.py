"""Passkeys as a second step: made in a browser, proven by a signature over a challenge. The only file that knows fido2.

A passkey belongs to a host name, never to an address: that is WebAuthn's rule, not ours.
Source: Web Authentication, level 2, 7.1 and 7.2.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from pydantic import BaseModel, ConfigDict, Field

_ADDRESS = re.compile(r"[0-9.]+|.*:.*")
NAME_LIMIT = 40


class Passkey(BaseModel):
    """What is kept of one: its public half. It opens nothing by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="hex", val_json_bytes="hex")

    name: str = Field(max_length=NAME_LIMIT)
    host: str  # that it was made for
    credential: bytes = Field(repr=False)  # id and public key, as the authenticator gave them
    signatures: int = 0  # the authenticator's own count; one that falls was copied

    @property
    def credential_id(self) -> bytes:
        return AttestedCredentialData(self.credential).credential_id


@dataclass(frozen=True, slots=True)
class Site:
    """Under which name the page was opened."""

    host: str
    origin: str  # "https://tacet.local:8443"

    @property
    def can_have_passkeys(self) -> bool:
        """Whether a browser makes and shows passkeys here."""
        return bool(self.host) and not _ADDRESS.fullmatch(self.host)


class PasskeyRefused(Exception):
    """What came back proves nothing."""


def ask_for_new(site: Site, user_id: bytes, name: str, known: Sequence[Passkey]) -> tuple[str, dict[str, Any]]:
    """What the browser is asked to make, as JSON, and the state to check its answer with."""
    user = PublicKeyCredentialUserEntity(id=user_id, name=name, display_name=name)
    options, state = _server(site).register_begin(
        user,
        credentials=[_descriptor(one) for one in known if one.host == site.host],
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return json.dumps(dict(options.public_key)), state


def take_new(site: Site, state: Mapping[str, Any], answer: str, name: str) -> Passkey:
    """The passkey that the browser made.

    Raises:
        PasskeyRefused: The answer is not one to that question, at this origin.
    """
    try:
        made = _server(site).register_complete(state, json.loads(answer))
    except Exception as error:  # noqa: BLE001  the library fails in many ways over what a browser may send
        raise PasskeyRefused(type(error).__name__) from None
    if made.credential_data is None:
        raise PasskeyRefused("no credential")
    credential = bytes(made.credential_data)
    return Passkey(name=name[:NAME_LIMIT], host=site.host, credential=credential, signatures=made.counter)


def ask_for_proof(site: Site, known: Sequence[Passkey]) -> tuple[str, dict[str, Any]]:
    """What the browser is asked to sign, as JSON, and the state to check its answer with."""
    options, state = _server(site).authenticate_begin(
        credentials=[_descriptor(one) for one in known if one.host == site.host],
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return json.dumps(dict(options.public_key)), state


def prove(site: Site, state: Mapping[str, Any], answer: str, known: Sequence[Passkey]) -> Passkey:
    """The passkey that signed, with its count as it is now.

    Raises:
        PasskeyRefused: None of the known ones did, or it has been copied.
    """
    try:
        given = json.loads(answer)
        credentials = [AttestedCredentialData(one.credential) for one in known if one.host == site.host]
        signed = _server(site).authenticate_complete(state, credentials, given)
        counter = AuthenticationResponse.from_dict(given).response.authenticator_data.counter
    except Exception as error:  # noqa: BLE001  the library fails in many ways over what a browser may send
        raise PasskeyRefused(type(error).__name__) from None
    passkey = next(one for one in known if one.credential_id == signed.credential_id)
    if (counter or passkey.signatures) and counter <= passkey.signatures:
        raise PasskeyRefused("its count fell")
    return passkey.model_copy(update={"signatures": counter})


def _server(site: Site) -> Fido2Server:
    box = PublicKeyCredentialRpEntity(id=site.host, name="Tacet")
    return Fido2Server(box, verify_origin=lambda said: said == site.origin)


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=passkey.credential_id)
