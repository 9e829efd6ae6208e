"""A statement made ready: parsed, bound, planned, compiled; kept and used again while the catalog has not changed.

    prepared = PreparedStatement(session, statement, [0, 23])     # OIDs the client gave, 0 = infer
    prepared.param_types → [25, 23]      prepared.columns → [OutputColumn …] or None

Queries go through sql.bind → sql.plan → execute; everything else is a utility whose columns, if any, are known by its
kind. Revalidation binds and plans anew when the catalog's version or a setting that names depend on has changed; a
result that would then look different is refused (0A000 "cached plan must not change result type").

Not here: portals, which hold one execution (`portals`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from aurorapy.errors import DatabaseError, FatalError, FeatureNotSupported, ProgramLimitExceeded, QueryCanceled
from aurorapy.execute import OutputColumn, compile_plan
from aurorapy.ids import Oid
from aurorapy.session.columns import columns_of
from aurorapy.sql.bind import bind
from aurorapy.sql.plan import plan
from aurorapy.sql.statements import Begin, Commit, QueryStatement, Rollback, Statement
from aurorapy_native.locks import MODE_NUMBER
from aurorapy_native.params import ParamReader
from aurorapy_native.point import PointProgram
from aurorapy_native.short_path import BEGIN, COMMIT, ROLLBACK
from aurorapy_native.statement import StatementCore

WRITES = ("insert", "update", "delete")
TARGETS_MAX = 1664  # PostgreSQL's MaxTupleAttributeNumber
_TAGS = {"select": "SELECT", "values": "SELECT", "insert": "INSERT 0", "update": "UPDATE", "delete": "DELETE"}


@lru_cache(10_000)
def _lock_key(database: Oid, relation: Oid) -> tuple:
    """One object for all statements: it is compared faster than two that are equal."""
    return ("relation", database, relation)


class PreparedStatement(StatementCore):
    __slots__ = (
        "session", "statement", "given_types", "param_types", "locks", "name", "kind", "is_query", "prepared_us", "from_sql",
        "keeps_shape", "changes",
    )  # fmt: skip

    def __init__(self, session: Any, statement: Statement, given_types: list[int], name: str = "") -> None:
        self.session = session
        self.statement = statement
        self.given_types = given_types
        self.name = name
        self.text = statement.text
        self.from_sql = False
        self.is_query = isinstance(statement, QueryStatement)
        self.kind = statement.kind if self.is_query else "utility"
        self.keeps_shape = True  # the client may have described it; not so for a statement of a simple query
        self.param_types: list[int] = list(given_types)
        self.columns: list[Any] | None = None
        self.executable: Any = None
        self.locks: list[tuple[int, str]] = []
        self.validity: Any = None
        self.changes = ""  # the command, as a read-only transaction refuses it; '' for what only reads
        self.prepared_us = session.eval.wall_us()
        self.encoders: dict[tuple, Any] = {}  # by result formats, as descriptions; readers by parameter formats
        self.descriptions: dict[tuple, bytes] = {}
        self.readers: dict[tuple, ParamReader] = {}
        # what the short path (aurorapy_native.short_path) goes by
        self.program: PointProgram | None = None
        self.reads = False  # it only reads, and has no program
        self.control = control_of(statement)
        self.lock_keys: list[tuple[tuple, int]] = []
        self.allowed_to = -1  # the role whose privileges were found to suffice
        if self.is_query:
            self._compile(only_describe=True)
        else:
            self.columns = columns_of(session, statement)

    def _compile(self, only_describe: bool = False) -> None:
        """Binds, plans, compiles. What planning refuses (a constant that divides by zero) is the error of an execution:
        with `only_describe` it waits for the next `revalidate`."""
        session = self.session
        validity = session.plan_validity()
        query = bind(self.statement, session.catalog, self.given_types, session.eval.type_context)
        self.param_types = list(query.param_types)
        self.columns = _columns(query)
        self.changes = _changes(query)
        self.validity = self.program = None
        self.reads = False
        self.allowed_to = -1
        try:
            planned = plan(query, session.catalog, session.settings, session.eval)
            self.executable = compile_plan(planned)
        except DatabaseError as error:
            if not only_describe or isinstance(error, QueryCanceled | FatalError):
                raise
            return
        self.locks = self.executable.locks
        self.program = self.executable.program
        only_reads = self.kind == "select" and not self.changes and not planned.volatile and not planned.ctes
        self.reads = only_reads and self.program is None
        self.lock_keys = [(_lock_key(session.database.oid, oid), MODE_NUMBER[mode]) for oid, mode in self.locks]
        self.validity = validity

    def revalidate(self, only_describe: bool = False) -> None:
        """Binds and plans again if names may mean something else now, or planning has failed so far."""
        if not self.is_query or self.validity == self.session.plan_validity():
            return
        before = self.columns
        self.given_types = self.param_types
        self._compile(only_describe)
        self.descriptions.clear()
        if before is None or _shape(before) == _shape(self.columns):
            return
        if self.keeps_shape:
            self.columns, self.validity, self.program = before, None, None  # refused as long as it would look different
            raise FeatureNotSupported("cached plan must not change result type")
        self.encoders.clear()

    def tag(self, processed: int) -> str:
        return f"{_TAGS[self.kind]} {processed}"


def _changes(query: Any) -> str:
    if query.kind in WRITES:
        return query.kind.upper()
    if query.locks:
        return f"SELECT FOR {query.locks[0].strength.upper()}"
    return "SELECT" if any(cte.query.kind in WRITES for cte in query.ctes) else ""


def control_of(statement: Statement) -> str | None:
    """BEGIN, COMMIT or ROLLBACK without any option; None for every other statement."""
    if type(statement) is Begin:
        return None if statement.options or statement.start else BEGIN
    if type(statement) is Commit:
        return None if statement.chain else COMMIT
    if type(statement) is Rollback:
        return None if statement.chain else ROLLBACK
    return None


def _columns(query: Any) -> list[OutputColumn] | None:
    """What the rows look like; None for a statement that returns none."""
    targets = query.targets if query.kind in ("select", "values") else query.returning
    shown = [t for t in targets if not t.junk]
    if len(targets) > TARGETS_MAX:
        raise ProgramLimitExceeded(f"target lists can have at most {TARGETS_MAX} entries", sqlstate="54011")
    if not shown and query.kind not in ("select", "values"):
        return None
    return [OutputColumn(t.name, t.expr.type_oid, t.expr.typmod, t.origin_table, t.origin_column) for t in shown]


def _shape(columns: list[Any] | None) -> list[tuple]:
    return [(c.name, c.type_oid, c.typmod) for c in columns or []]
