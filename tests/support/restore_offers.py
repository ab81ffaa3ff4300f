"""A backup as the page offers it."""

from typing import Final

from app.restore_state import Offer

OFFER: Final = Offer(
    offer_id="a",
    box="tacet-room-3",
    made_at_ms=1_795_000_000_000,
    vaults=2,
    recordings=41,
    size_bytes=12_300_000_000,
    place="/media/sda1/tacet",
)
