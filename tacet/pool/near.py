"""Pools that announce themselves on this network: a suggestion for whoever types, never more."""

import asyncio

from app.discovery import pools_near
from app.neighbours import Pools

LISTENS_S = 3.0


def near() -> str:
    """A sentence or two to put after an error; takes a few seconds."""
    return suggestion(asyncio.run(pools_near(LISTENS_S)))


def suggestion(found: Pools) -> str:
    if not found.all():
        return "No pool announces itself on this network."
    named = ", ".join(f"{one.name} at {one.address}" for one in found.all())
    return f"On this network there says to be: {named}. Anybody can say so: compare it with the machine's own address."
