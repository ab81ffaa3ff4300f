"""An invented two-person conversation, spoken by Debian's `flite`: what the room plays when nobody is in it.

The words stand in `script.toml`; every recording is made from them on the machine that plays it, so the repository
holds no audio. Nothing here is anybody's speech.
"""

from tacet.demo_session.synthesise import SpokenTurn, reference, synthesise
from tacet.demo_session.voices import SynthesiserError

__all__ = ["SpokenTurn", "SynthesiserError", "reference", "synthesise"]
