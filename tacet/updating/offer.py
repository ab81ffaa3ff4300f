"""What a server says that it has for this board: one small file beside the bundle. Pure."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import TacetError

LARGEST_BYTES = 4 * 1024**3
MOST_OFFER_BYTES = 65_536


class OfferUnusable(TacetError):
    """What the server says cannot be used; it is asked again later."""


class Offer(BaseModel):
    """`COMPATIBLE.json`, as the image's build writes it. Nothing in it is trusted: RAUC looks at the bundle itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[str, Field(pattern=r"^\d+(\.\d+){1,5}$", max_length=40)]
    bundle: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.raucb$")]  # in the same folder
    size_bytes: Annotated[int, Field(gt=0, le=LARGEST_BYTES)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def offer_file(compatible: str) -> str:
    return f"{compatible}.json"


def read_offer(content: bytes) -> Offer:
    """Raises OfferUnusable."""
    try:
        return Offer.model_validate_json(content)
    except ValidationError as error:
        what = ".".join(str(part) for part in error.errors()[0]["loc"]) or "it is no JSON"
        raise OfferUnusable(
            f"What the update server says of its newest version cannot be read ({what}). Copy the .json file that was "
            "built with the bundle there again."
        ) from None
