"""What a vault holds of approvals and of what left the box on their strength."""

from collections.abc import Callable

from app.domain import Approval, Export, SessionState
from app.vault import approval_rows, session_rows
from app.vault.database import Connection, Database
from app.vault.errors import NotReadyForApproval
from app.vault.session_content import SessionContent, read_content
from app.vault.sessions import wall_clock_ms

_BEFORE_APPROVAL = frozenset({SessionState.DRAFTED, SessionState.IN_REVIEW})


class ApprovalStore:
    """The approvals and exports of one unlocked vault. Thread-safe.

    Every change is durable on return, or did not happen. Every method may raise what a vault raises, and NoSuchSession
    where the session is not there.
    """

    def __init__(self, database: Database, now_ms: Callable[[], int] = wall_clock_ms) -> None:
        self._database = database
        self._now_ms = now_ms

    def add(self, session_id: str, seal: Callable[[SessionContent, int], Approval]) -> Approval:
        """Approve what `seal` is given: the content and the time, in one transaction with no edit in between.

        Raises:
            NotReadyForApproval: It is not drafted yet, or approved already.
        """

        def change(connection: Connection) -> Approval:
            content = read_content(connection, session_id)
            _require_ready(content)
            approval = seal(content, self._now_ms())
            approval_rows.insert_approval(connection, session_id, approval)
            session_rows.update_state(connection, session_id, SessionState.APPROVED, content.row.problem)
            return approval

        return self._database.write(change)

    def standing(self, session_id: str) -> Approval | None:
        """The approval that stands."""
        return self._database.read(lambda connection: approval_rows.read_standing(connection, session_id))

    def history(self, session_id: str) -> list[Approval]:
        """Every approval ever given, also those taken back, oldest first."""
        return self._database.read(lambda connection: approval_rows.read_all(connection, session_id))

    def revoke(self, session_id: str, author: str) -> None:
        """Take the approval back: the session is in review again, and both acts stay on record.

        Raises:
            ApprovalMissing: None stands.
        """

        def change(connection: Connection) -> None:
            row = session_rows.require_session(connection, session_id)
            approval_rows.revoke_standing(connection, session_id, author, self._now_ms())
            session_rows.update_state(connection, session_id, SessionState.IN_REVIEW, row.problem)

        self._database.write(change)

    def add_export(self, session_id: str, content_hash: str, kind: str, author: str) -> None:
        """Keep that content of this hash left the box. Call it before letting it go.

        Raises:
            ApprovalMissing: The approval of exactly this content does not stand (any more).
        """

        def change(connection: Connection) -> None:
            row = session_rows.require_session(connection, session_id)
            export = Export(content_hash, kind, author, self._now_ms())
            approval_rows.insert_export(connection, session_id, export)
            session_rows.update_state(connection, session_id, SessionState.EXPORTED, row.problem)

        self._database.write(change)

    def exports(self, session_id: str) -> list[Export]:
        """Every export, oldest first."""
        return self._database.read(lambda connection: approval_rows.read_exports(connection, session_id))


def _require_ready(content: SessionContent) -> None:
    if content.approval is not None:
        raise NotReadyForApproval(
            f"{content.approval.approved_by} has approved this session already. There is nothing more to do."
        )
    if content.row.state not in _BEFORE_APPROVAL:
        raise NotReadyForApproval(
            "This session is still being recorded or transcribed. Approve it once its transcript is complete."
        )
