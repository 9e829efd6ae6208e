"""What functions may ask of the session: the EvalContext, filled in.

Not here: definitions as text (`session.definitions`), sequences (`instance.sequences`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy import __version__
from aurorapy.config import SETTINGS
from aurorapy.errors import DatabaseError, InsufficientPrivilege
from aurorapy.expressions.context import EvalContext
from aurorapy.host import waits
from aurorapy.host.preemption import long_call
from aurorapy.records import dataclass
from aurorapy.session.advisory import SessionAdvisoryLocks
from aurorapy.session.backends import SessionBackends
from aurorapy.session.definitions import SessionDefinitions
from aurorapy.session.introspection import ServerView
from aurorapy.session.randomness import SessionRandom
from aurorapy.types.model import TypeContext

VERSION = (
    f"PostgreSQL {SETTINGS['server_version'].default} (aurorapy {__version__}) on x86_64-pc-linux-gnu, "
    "compiled by Cython, 64-bit"
)


@dataclass(slots=True)
class SessionFacts:
    """Who the client is: fixed at connect but for the role."""

    pid: int
    key: int
    user: str
    user_oid: int
    is_superuser: bool
    database: str
    client_address: tuple[str, int] | None = None
    server_address: tuple[str, int] | None = None
    current_user: str = ""
    current_oid: int = 0
    start_us: int = 0
    user_is_superuser: bool = False  # the session user's; `is_superuser` is the current role's
    is_forwarded: bool = False  # a reader's client, whose changes come here
    authenticated: tuple[str, bool] = ("", False)  # (name, superuser) of who connected

    def __post_init__(self) -> None:
        self.current_user = self.current_user or self.user
        self.current_oid = self.current_oid or self.user_oid
        self.user_is_superuser = self.is_superuser
        self.authenticated = (self.user, self.is_superuser)

    def authorize(self, catalog: Any, name: str) -> None:
        """SET SESSION AUTHORIZATION, which also ends a SET ROLE. Raises 22023 and 42501."""
        oid = catalog.role_oid(name)
        if oid is None:
            raise DatabaseError(f'role "{name}" does not exist', sqlstate="22023")
        authenticated, is_superuser = self.authenticated
        if name != authenticated and not is_superuser:
            raise InsufficientPrivilege("permission denied to set session authorization")
        self.user, self.user_oid = name, oid
        self.user_is_superuser = catalog.reader().one("pg_authid", oid=oid).rolsuper
        self.become(catalog, "none")

    def become(self, catalog: Any, name: str) -> None:
        """SET ROLE. Raises 22023 and 42501."""
        if name in ("none", ""):
            self.current_user, self.current_oid = self.user, self.user_oid
            self.is_superuser = self.user_is_superuser
            return
        oid = catalog.role_oid(name)
        if oid is None:
            raise DatabaseError(f'role "{name}" does not exist', sqlstate="22023")
        if not self.user_is_superuser and not catalog.is_member(self.user_oid, oid):
            raise InsufficientPrivilege(f'permission denied to set role "{name}"')
        self.current_user, self.current_oid = name, oid
        self.is_superuser = catalog.reader().one("pg_authid", oid=oid).rolsuper


class SessionContext(EvalContext):
    """What functions and types are told is the session's."""

    __slots__ = ("_session", "_random")

    def __init__(self, session: Any) -> None:
        facts, instance, settings = session.facts, session.instance, session.settings
        host = instance.host
        self._session = session
        self._random = SessionRandom(host.random.bytes(16))
        super().__init__(
            type_context=_type_context(session.catalog, settings, host.tasks.give_way),
            catalog=session.catalog,
            wall_us=host.clock.wall_us,
            random_bytes=host.random.bytes,
            current_user=facts.current_user,
            session_user=facts.user,
            database=facts.database,
            pid=facts.pid,
            application_name=settings["application_name"],
            version=VERSION,
            server_address=facts.server_address,
            client_address=facts.client_address,
            start_us=instance.start_us,
            config_us=instance.start_us,
            in_recovery=instance.is_reader,
            sequences=instance.sequences.for_session(session),
            advisory=SessionAdvisoryLocks(session),
            backends=SessionBackends(session),
            definitions=SessionDefinitions(session),
            activity=ServerView(session),
        )
        self.give_way = self.type_context.give_way

    def get_setting(self, name: str) -> str | None:
        try:
            return self._session.settings.show(name)
        except DatabaseError:
            return None

    def set_setting(self, name: str, value: str | None, is_local: bool) -> str:
        settings = self._session.settings
        settings.set(name, None if value is None else [value], is_local)
        return settings.show(name)

    def random(self) -> float:
        return self._random.uniform()

    def seed_random(self, seed: float) -> None:
        self._random.seed(seed)

    def sleep(self, seconds: float) -> None:
        self._session.instance.host.tasks.sleep(seconds, waits.PG_SLEEP)

    def xid(self, assign: bool) -> int | None:
        transaction = self._session.transaction
        if transaction is None:
            return None
        return transaction.xid and transaction.top_xid if assign else (transaction.top_xid or None)

    def snapshot_text(self) -> str:
        return self._session.instance.snapshot_text(self._session)

    def current_lsn(self) -> int:
        return self._session.instance.volume.vdl


def _type_context(catalog: Any, settings: Any, give_way: Callable[[], None]) -> TypeContext:
    context = TypeContext(catalog=catalog, give_way=give_way, long_call=long_call)
    context.time_zone = settings["timezone"]
    context.date_style, context.date_order = settings["datestyle"].split(", ")
    context.interval_style = settings["intervalstyle"]
    context.extra_float_digits = settings["extra_float_digits"]
    context.bytea_output = settings["bytea_output"]
    return context
