"""What can go wrong with a model. Each message is a sentence for a person: what happened, and what to do next."""


class ModelError(Exception):
    """Base of all; the command line prints its message and ends with 1."""


class ManifestWrong(ModelError):
    """The manifest itself cannot be read: a mistake of ours, or a damaged installation."""


class ModelUnknown(ModelError):
    """No such model in the manifest."""


class ModelMissing(ModelError):
    """The model is not in the models folder, or not all of it."""


class ModelDamaged(ModelError):
    """A file of the model is not the pinned one; the model must not be used."""


class WrongFile(ModelError):
    """One file is absent, cut off or different. The message goes on from "the file is"; the catcher says what to do."""


class SourceFailed(ModelError):
    """One source could not deliver; the next one is tried."""


class FetchFailed(ModelError):
    """No source delivered. The message has one line for each source that was tried."""


class FetchUnderWay(ModelError):
    """Another process fetches the same model right now."""


class NoRoom(ModelError):
    """The disk has no room for the model, or filled up on the way. What was there before is unchanged."""
