"""What an expression may ask of the world while it runs: the EvalContext, one a session, and its Protocols.

Expressions stand below sessions, so everything they need of one is declared here and handed in: settings, clocks,
randomness, sequences, advisory locks, definitions of catalog objects as text.

    ctx = EvalContext()                      # enough for arithmetic, text, dates; tests use it as it is
    ctx = EvalContext(catalog=…, sequences=…, get_setting=…)

Errors: what a missing part is asked for raises FeatureNotSupported.

Not here: who implements the Protocols (session, instance, execute/ddl).
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, Protocol

from aurorapy.errors import FeatureNotSupported
from aurorapy.records import dataclass, field
from aurorapy.types.builtin import TYPES
from aurorapy.types.model import TypeContext


class SequenceAccess(Protocol):
    """Sequences by the OID of their relation. Errors as PostgreSQL's (55000, 2200H, 42501, 42809)."""

    def nextval(self, oid: int) -> int: ...
    def currval(self, oid: int) -> int: ...
    def setval(self, oid: int, value: int, is_called: bool) -> int: ...
    def lastval(self) -> int: ...


class AdvisoryLocks(Protocol):
    """`key` is ("advisory", bigint) or ("advisory2", int, int)."""

    def lock(self, key: tuple, shared: bool, transaction: bool) -> None: ...
    def try_lock(self, key: tuple, shared: bool, transaction: bool) -> bool: ...
    def unlock(self, key: tuple, shared: bool) -> bool:
        """False, with a WARNING to the client, when the session does not hold it."""

    def unlock_all(self) -> None: ...


class Backends(Protocol):
    """Other sessions of this instance."""

    def cancel(self, pid: int) -> bool: ...
    def terminate(self, pid: int) -> bool: ...
    def blocking(self, pid: int) -> list[int]: ...
    def notify(self, channel: str, payload: str) -> None: ...
    def listening(self) -> list[str]: ...


class Definitions(Protocol):
    """Texts and facts about catalog objects. None where PostgreSQL's function gives NULL."""

    def expression(self, text: str, relation: int, pretty: bool) -> str | None: ...
    def index(self, oid: int, column: int, pretty: bool) -> str | None: ...
    def constraint(self, oid: int, pretty: bool) -> str | None: ...
    def view(self, oid: int, pretty: bool) -> str | None: ...
    def rule(self, oid: int, pretty: bool) -> str | None: ...
    def trigger(self, oid: int, pretty: bool) -> str | None: ...
    def function(self, oid: int) -> str | None: ...
    def function_arguments(self, oid: int, identity: bool) -> str | None: ...
    def function_result(self, oid: int) -> str | None: ...
    def comment(self, oid: int, catalog: str, column: int) -> str | None:
        """pg_description's text; catalog '' means any; pg_shdescription for shared catalogs."""

    def serial_sequence(self, table: str, column: str) -> str | None: ...
    def is_visible(self, kind: str, oid: int) -> bool | None:
        """kind: table, type, function, operator, opclass, opfamily, collation, conversion, statistics, ts_config, ..."""

    def has_privilege(self, kind: str, role: str | int, object_: Any, privilege: str) -> bool | None:
        """kind: table, schema, database, sequence, function, column, any_column, language, tablespace, type, role."""

    def relation_size(self, oid: int, what: str) -> int | None:
        """Bytes; what: main, fsm, vm, init, table, indexes, total."""

    def database_size(self, oid: int) -> int | None: ...
    def tablespace_size(self, oid: int) -> int | None: ...


class ServerActivity(Protocol):
    """What pg_stat_activity, pg_locks, pg_settings … show; tuples in the order of the functions' OUT columns."""

    def settings(self) -> Iterator[tuple]: ...
    def sessions(self) -> Iterator[tuple]: ...
    def locks(self) -> Iterator[tuple]: ...
    def prepared_statements(self) -> Iterator[tuple]: ...
    def cursors(self) -> Iterator[tuple]: ...
    def volume_status(self) -> Iterator[tuple]: ...
    def volume(self) -> Iterator[tuple]: ...
    def segments(self) -> Iterator[tuple]: ...
    def copy_digests(self) -> Iterator[tuple]: ...
    def changed_pages(self, since: int) -> int | None: ...
    aurora: Any  # session.aurora_views.AuroraViews: Aurora's statistics
    storage_nodes: Any  # instance.storage_nodes.StorageNodes: those of the volume come and go
    def table_counter(self, oid: int, name: str) -> Any: ...
    def database_counter(self, oid: int, name: str) -> Any: ...
    def sequence_last_value(self, oid: int) -> int | None: ...


class _Absent:
    """Stands where a part was not handed in: any use says so."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __getattr__(self, name: str) -> Any:
        raise FeatureNotSupported(f"{self._what} are not available here")


@dataclass(slots=True)
class EvalContext:
    """One session's surroundings; times are microseconds since 2000-01-01 UTC.

    `transaction_us`, `statement_us` are set by the session when a transaction or statement starts; `wall_us` reads the
    clock. The methods answer for nobody; a session's heir of this class knows more (`session.context`).
    """

    type_context: TypeContext = field(default_factory=TypeContext)
    catalog: Any = None  # catalog.model.CatalogReader
    transaction_us: int = 0
    statement_us: int = 0
    wall_us: Callable[[], int] = lambda: 0
    random_bytes: Callable[[int], bytes] = lambda count: bytes(count)
    current_user: str = "postgres"
    session_user: str = "postgres"
    database: str = "postgres"
    pid: int = 1
    application_name: str = ""
    version: str = "PostgreSQL 15.0 (aurorapy) on x86_64-pc-linux-gnu, compiled by Cython, 64-bit"
    server_address: tuple[str, int] | None = None
    client_address: tuple[str, int] | None = None
    in_recovery: bool = False
    start_us: int = 0  # when the server was started
    config_us: int = 0  # when the configuration was last read
    temp_schema: int = 0
    give_way: Callable[[], None] = lambda: None
    sequences: SequenceAccess | _Absent = field(default_factory=lambda: _Absent("sequences"))
    advisory: AdvisoryLocks | _Absent = field(default_factory=lambda: _Absent("advisory locks"))
    backends: Backends | _Absent = field(default_factory=lambda: _Absent("backends"))
    definitions: Definitions | _Absent = field(default_factory=lambda: _Absent("definitions"))
    activity: ServerActivity | None = None  # None: nothing happens
    work: dict[str, Any] = field(default_factory=dict)  # scratch of functions that keep state in a session

    # -- a session knows better ----------------------------------------------------------------------------------------
    def get_setting(self, name: str) -> str | None:
        """None: unrecognized."""
        return None

    def set_setting(self, name: str, value: str | None, is_local: bool) -> str:
        return value or ""

    def random(self) -> float:
        """From [0, 1)."""
        return 0.5

    def seed_random(self, seed: float) -> None:
        """setseed()."""

    def sleep(self, seconds: float) -> None:
        """Waits; may raise a cancel."""

    def xid(self, assign: bool) -> int | None:
        """Of the current top transaction, None if there is none and assign is False."""
        return None

    def snapshot_text(self) -> str:
        return "1:1:"

    def current_lsn(self) -> int:
        return 0

    # -- types ---------------------------------------------------------------------------------------------------------
    def type_of(self, oid: int) -> Any:
        """types.model.Type; user types through the catalog."""
        found = TYPES.get(oid)
        return found if found is not None else self.catalog.type_by_oid(oid)

    def output(self, value: Any, oid: int) -> str:
        """The text form of a value that is not NULL."""
        return value if oid in _TEXT_LIKE else self.type_of(oid).output(value, self.type_context)

    def input(self, text: str, oid: int, typmod: int = -1) -> Any:
        return self.type_of(oid).input(text, typmod, self.type_context)


_TEXT_LIKE = frozenset({19, 25, 114, 705, 1042, 1043})
