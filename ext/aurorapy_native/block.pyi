"""A session's transaction block natively: stub of block.pyx, which holds the chapter."""

from typing import Any, Callable

from aurorapy_native.statement import PortalsCore

IDLE: str
IMPLICIT: str
OPEN: str
FAILED: str

class SettingsCore:
    """What every statement asks of a session's settings."""

    values: dict[str, Any]
    in_transaction: bool
    in_recovery: bool
    reads_alone: bool
    waits_for_commit: bool
    statement_timeout: int
    idle_session_timeout: int
    idle_in_transaction_timeout: int
    lock_timeout_s: float | None
    transaction_defaults: tuple[str, bool, bool]
    def commit(self) -> None:
        """Keeps what SET did, takes back what SET LOCAL did."""

class Opener:
    """Begins the transactions of one session."""

    last_commit: int
    on_begin: Callable[[Any], None] | None
    def __init__(self, instance: Any, session: Any) -> None: ...
    def __call__(self, isolation: str, read_only: bool, deferrable: bool) -> Any:
        """A transaction that begins now."""

class BlockCore:
    """The fields of a transaction block."""

    state: str
    transaction: Any
    snapshot_taken: bool
    savepoints: list[str]
    portals: PortalsCore
    @property
    def letter(self) -> str:
        """The status in ReadyForQuery."""

    def commit_ended(self) -> None:
        """The transaction has committed, and is gone from here."""

    def end(self) -> None:
        """The block's transaction has ended: idle."""
