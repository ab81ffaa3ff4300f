"""Dask's TLS with our own contexts: who may talk with whom."""

import logging
from typing import Any

from distributed.security import Security

from app.pool.membership import Membership, Role
from app.pool.tls import MemberContext, member_context

log = logging.getLogger(__name__)


class PoolSecurity(Security):
    """Workers talk with the scheduler, the scheduler with workers; boxes and workers among themselves with nobody."""

    __slots__ = ("dialling", "listening")

    def __init__(self, membership: Membership, role: Role) -> None:
        super().__init__(require_encryption=True)  # type: ignore[no-untyped-call]
        scheduler, workers = {Role.SCHEDULER}, {Role.WORKER, Role.SCHEDULER}  # it also asks itself, for the boxes
        others = workers if role is Role.SCHEDULER else scheduler
        self.listening: MemberContext = member_context(membership, others, server=True)
        self.dialling: MemberContext = member_context(membership, others, server=False)

    def get_connection_args(self, role: str) -> dict[str, Any]:  # noqa: ARG002  as its base has it
        return {"ssl_context": self.dialling, "require_encryption": True, "extra_conn_args": {}}

    def get_listen_args(self, role: str) -> dict[str, Any]:  # noqa: ARG002  same
        return {"ssl_context": self.listening, "require_encryption": True}

    def close_revoked(self) -> None:
        """Cut the connections of machines that were revoked after they had been let in."""
        if cut := self.listening.close_revoked() + self.dialling.close_revoked():
            log.warning("%d connections of revoked machines were cut", cut)
