"""Other sessions of the instance, as a session's SQL meets them: pg_cancel_backend, pg_terminate_backend, pg_notify.

Errors: 42501 for somebody else's session, 22023 a channel or payload that cannot be.

Not here: how a session is interrupted (`server.listener`), who hears a notification (`instance.channels`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DataError, InsufficientPrivilege

CHANNEL_BYTES_MAX = 63
PAYLOAD_BYTES_MAX = 7999


class SessionBackends:
    def __init__(self, session: Any) -> None:
        self._session = session

    # -- signals -------------------------------------------------------------------------------------------------------
    def cancel(self, pid: int) -> bool:
        return self._may_signal(pid, "cancel", "query") and self._session.instance.backends.cancel(pid)

    def terminate(self, pid: int) -> bool:
        return self._may_signal(pid, "terminate", "process") and self._session.instance.backends.terminate(pid)

    def _may_signal(self, pid: int, verb: str, what: str) -> bool:
        """False, with a warning, when no session has this pid; raises when it is not ours to signal."""
        session = self._session
        entry = session.instance.activity.entries.get(pid)
        if entry is None:
            session.warn(f"PID {pid} is not a PostgreSQL backend process")
            return False
        mine, theirs = session.facts, entry.facts
        if mine.is_superuser:
            return True
        if theirs.user_is_superuser:
            raise InsufficientPrivilege(f"must be a superuser to {verb} superuser {what}")
        if not self._is_member(theirs.user_oid):
            done = "canceled" if verb == "cancel" else "terminated"
            raise InsufficientPrivilege(
                f"must be a member of the role whose {what} is being {done} or member of pg_signal_backend"
            )
        return True

    def _is_member(self, of: int) -> bool:
        catalog, mine = self._session.catalog, self._session.facts.current_oid
        return mine == of or catalog.is_member(mine, of) or catalog.is_member(mine, catalog.role_oid("pg_signal_backend"))

    def blocking(self, pid: int) -> list[int]:
        return self._session.instance.backends.blocking(pid)

    # -- notifications -------------------------------------------------------------------------------------------------
    def notify(self, channel: str, payload: str) -> None:
        """Queued for the commit of the present transaction."""
        if not channel:
            raise DataError("channel name cannot be empty", sqlstate="22023")
        if len(channel.encode()) > CHANNEL_BYTES_MAX:
            raise DataError("channel name too long", sqlstate="22023")
        if len(payload.encode()) > PAYLOAD_BYTES_MAX:
            raise DataError("payload string too long", sqlstate="22023")
        self._session.instance.channels.queue(self._session, channel, payload)

    def listening(self) -> list[str]:
        return self._session.instance.channels.listening(self._session)
