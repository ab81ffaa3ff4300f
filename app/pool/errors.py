from app.errors import TacetError


class PoolError(TacetError):
    """Something about the pool that a person can mend; the message says how."""


class PoolRefused(PoolError):
    """The other side will not work with this one: another version, another model, a code that is not right."""


class PoolAway(PoolError):
    """The pool does not answer. Nothing is lost: ask again later."""
