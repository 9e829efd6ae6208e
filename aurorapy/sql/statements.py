"""Statements that are not queries, as plain data: what `sql.parse` returns for them.

A parsed statement is one of these or a `QueryStatement` around a sqlglot tree, which only `sql.bind` opens. Names are
`Name(schema, name, position)`; expressions stay as SQL text (`ExprText`) because the catalog stores them as text and the
binder parses them where their table is known.

Not here: what they do (`execute.ddl`, `execute.utility`, `session`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.records import dataclass, field


@dataclass(slots=True)
class Name:
    schema: str | None
    name: str
    position: int = 0
    catalog: str | None = None

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(slots=True)
class ExprText:
    """An expression's source text and where it starts in the statement (1-based)."""

    text: str
    position: int = 0


@dataclass(slots=True)
class TypeName:
    """As written: `numeric(10,2)[]` → name numeric, args ('10','2'), dims 1. SQL spellings are already internal names
    (integer → int4, character varying → varchar); %TYPE is not supported."""

    name: Name
    args: tuple[str, ...] = ()
    dims: int = 0
    setof: bool = False


@dataclass(slots=True)
class Statement:
    """Base. `text` is the statement's own source, `offset` its 0-based start in the client's string, `tag` the
    CommandComplete tag where it does not depend on the outcome."""

    text: str = field(default="", kw_only=True)
    offset: int = field(default=0, kw_only=True)
    tag: str = field(default="", kw_only=True)


@dataclass(slots=True)
class EmptyStatement(Statement):
    pass


@dataclass(slots=True)
class QueryStatement(Statement):
    """SELECT, VALUES, INSERT, UPDATE, DELETE, WITH, TABLE: `tree` is sqlglot's, for sql.bind alone.

    kind: select, insert, update, delete. `params` is the highest $n.
    """

    kind: str = "select"
    tree: Any = None
    params: int = 0
    source: Any = None  # the lexed source, for positions


# -- transactions ------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Begin(Statement):
    """options: isolation ('read committed', ...), read_only (bool), deferrable (bool)."""

    options: dict[str, Any] = field(default_factory=dict)
    start: bool = False  # START TRANSACTION


@dataclass(slots=True)
class Commit(Statement):
    chain: bool = False


@dataclass(slots=True)
class Rollback(Statement):
    chain: bool = False


@dataclass(slots=True)
class Savepoint(Statement):
    name: str = ""


@dataclass(slots=True)
class ReleaseSavepoint(Statement):
    name: str = ""


@dataclass(slots=True)
class RollbackTo(Statement):
    name: str = ""


@dataclass(slots=True)
class TwoPhase(Statement):
    """Of two-phase commit."""

    gid: str = ""


class PrepareTransaction(TwoPhase):
    pass


class FinishPrepared(TwoPhase):
    """COMMIT PREPARED, ROLLBACK PREPARED."""


@dataclass(slots=True)
class SetTransaction(Statement):
    """SET TRANSACTION / SET SESSION CHARACTERISTICS AS TRANSACTION (session=True)."""

    options: dict[str, Any] = field(default_factory=dict)
    session: bool = False


@dataclass(slots=True)
class SetConstraints(Statement):
    names: list[Name] = field(default_factory=list)  # empty: ALL
    deferred: bool = False


@dataclass(slots=True)
class LockTable(Statement):
    tables: list[Name] = field(default_factory=list)
    mode: str = "ACCESS EXCLUSIVE"
    nowait: bool = False


# -- settings ----------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Set(Statement):
    """`values` is None for DEFAULT and FROM CURRENT."""

    name: str = ""
    values: list[str] | None = None
    local: bool = False
    from_current: bool = False  # what the session has now; kept for a role or database


@dataclass(slots=True)
class Show(Statement):
    name: str = ""  # 'all' for SHOW ALL


@dataclass(slots=True)
class Reset(Statement):
    name: str = ""  # 'all' for RESET ALL


@dataclass(slots=True)
class Discard(Statement):
    what: str = "all"  # all, plans, sequences, temp


# -- prepared statements and cursors -----------------------------------------------------------------------------------
@dataclass(slots=True)
class Prepare(Statement):
    name: str = ""
    types: list[TypeName] = field(default_factory=list)
    statement: Statement | None = None


@dataclass(slots=True)
class Execute(Statement):
    name: str = ""
    args: list[ExprText] = field(default_factory=list)


@dataclass(slots=True)
class Deallocate(Statement):
    name: str | None = None  # None: ALL


@dataclass(slots=True)
class DeclareCursor(Statement):
    name: str = ""
    query: QueryStatement | None = None
    scroll: bool | None = None
    hold: bool = False
    binary: bool = False


@dataclass(slots=True)
class Fetch(Statement):
    """FETCH / MOVE. direction: next, prior, first, last, absolute, relative, forward, backward; count None = ALL."""

    cursor: str = ""
    direction: str = "next"
    count: int | None = 1
    move: bool = False


@dataclass(slots=True)
class CloseCursor(Statement):
    name: str | None = None  # None: ALL


# -- utilities ---------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Explain(Statement):
    """options: analyze, verbose, costs, buffers, timing, summary, format, ... as given."""

    options: dict[str, Any] = field(default_factory=dict)
    statement: Statement | None = None
    positions: dict[str, int] = field(default_factory=dict)  # of the options, for errors


@dataclass(slots=True)
class Copy(Statement):
    """COPY t (cols) FROM STDIN / TO STDOUT or COPY (query) TO. `target`: stdin, stdout, a file name or a program."""

    table: Name | None = None
    columns: list[str] = field(default_factory=list)
    query: Statement | None = None
    is_from: bool = False
    target: str = "stdin"
    target_kind: str = "client"  # client, file, program
    options: dict[str, Any] = field(default_factory=dict)  # format, delimiter, null, header, quote, escape, ...
    option_positions: dict[str, int] = field(default_factory=dict)
    where: ExprText | None = None


@dataclass(slots=True)
class Vacuum(Statement):
    options: dict[str, Any] = field(default_factory=dict)  # full, freeze, verbose, analyze, ...
    tables: list[tuple[Name, list[str]]] = field(default_factory=list)


@dataclass(slots=True)
class Analyze(Statement):
    options: dict[str, Any] = field(default_factory=dict)
    tables: list[tuple[Name, list[str]]] = field(default_factory=list)


@dataclass(slots=True)
class Checkpoint(Statement):
    pass


@dataclass(slots=True)
class Truncate(Statement):
    tables: list[Name] = field(default_factory=list)
    restart_identity: bool = False
    cascade: bool = False


# -- definitions -------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class ConstraintDef:
    """kind: not null, null, primary, unique, check, foreign, default (never here), identity (never here)."""

    kind: str
    name: str | None = None
    columns: list[str] = field(default_factory=list)
    include: list[str] = field(default_factory=list)
    expression: ExprText | None = None
    foreign_table: Name | None = None
    foreign_columns: list[str] = field(default_factory=list)
    on_update: str = "a"
    on_delete: str = "a"
    match: str = "s"
    deferrable: bool = False
    deferred: bool = False
    not_valid: bool = False
    no_inherit: bool = False
    nulls_not_distinct: bool = False
    options: dict[str, str] = field(default_factory=dict)
    using_index: str | None = None
    position: int = 0


@dataclass(slots=True)
class ColumnDef:
    name: str
    type: TypeName | None
    not_null: bool = False
    default: ExprText | None = None
    identity: str = ""  # a, d
    identity_options: dict[str, Any] = field(default_factory=dict)
    generated: ExprText | None = None
    collation: Name | None = None
    constraints: list[ConstraintDef] = field(default_factory=list)
    position: int = 0


@dataclass(slots=True)
class CreateTable(Statement):
    name: Name | None = None
    columns: list[ColumnDef] = field(default_factory=list)
    constraints: list[ConstraintDef] = field(default_factory=list)
    if_not_exists: bool = False
    persistence: str = "p"  # p, u (unlogged), t (temporary)
    on_commit: str = ""  # '', delete, drop
    options: dict[str, str] = field(default_factory=dict)
    like: list[tuple[Name, set[str]]] = field(default_factory=list)
    inherits: list[Name] = field(default_factory=list)
    query: QueryStatement | None = None  # CREATE TABLE AS
    with_data: bool = True
    column_names: list[str] = field(default_factory=list)  # CREATE TABLE t (a, b) AS


@dataclass(slots=True)
class AlterAction:
    """One action of ALTER TABLE. kind: add column, drop column, alter type, set default, drop default, set not null,
    drop not null, add constraint, drop constraint, validate constraint, add identity, set identity, drop identity,
    rename column, rename constraint, rename, set schema, owner, set options, reset options, set statistics, ..."""

    kind: str
    name: str = ""
    new_name: str = ""
    column: ColumnDef | None = None
    constraint: ConstraintDef | None = None
    type: TypeName | None = None
    expression: ExprText | None = None
    options: dict[str, Any] = field(default_factory=dict)
    if_exists: bool = False
    if_not_exists: bool = False
    cascade: bool = False


@dataclass(slots=True)
class AlterTable(Statement):
    """Also ALTER INDEX/SEQUENCE/VIEW where the action is one of a relation; `object_kind` says which was written."""

    name: Name | None = None
    actions: list[AlterAction] = field(default_factory=list)
    if_exists: bool = False
    only: bool = False
    object_kind: str = "table"


@dataclass(slots=True)
class IndexColumn:
    name: str | None = None
    expression: ExprText | None = None
    descending: bool = False
    nulls_first: bool | None = None
    opclass: Name | None = None
    collation: Name | None = None


@dataclass(slots=True)
class CreateIndex(Statement):
    name: str | None = None
    table: Name | None = None
    columns: list[IndexColumn] = field(default_factory=list)
    include: list[str] = field(default_factory=list)
    unique: bool = False
    method: str = "btree"
    where: ExprText | None = None
    if_not_exists: bool = False
    concurrently: bool = False
    nulls_not_distinct: bool = False
    options: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class CreateSequence(Statement):
    """options: increment, minvalue, maxvalue (None = NO), start, cache, cycle, type (TypeName), owned_by (Name|None)."""

    name: Name | None = None
    options: dict[str, Any] = field(default_factory=dict)
    if_not_exists: bool = False
    persistence: str = "p"


@dataclass(slots=True)
class AlterSequence(Statement):
    name: Name | None = None
    options: dict[str, Any] = field(default_factory=dict)  # as above and restart (int or None)
    if_exists: bool = False


@dataclass(slots=True)
class CreateSchema(Statement):
    name: str | None = None
    owner: str | None = None
    if_not_exists: bool = False
    elements: list[Statement] = field(default_factory=list)


@dataclass(slots=True)
class CreateView(Statement):
    name: Name | None = None
    columns: list[str] = field(default_factory=list)
    query: QueryStatement | None = None
    replace: bool = False
    persistence: str = "p"


@dataclass(slots=True)
class Drop(Statement):
    """kind: table, index, sequence, schema, view, database, role, type, ..."""

    kind: str = "table"
    names: list[Name] = field(default_factory=list)
    if_exists: bool = False
    cascade: bool = False
    concurrently: bool = False


@dataclass(slots=True)
class CreateRole(Statement):
    """options: superuser, createdb, createrole, inherit, login, replication, bypassrls (bools), password (str|None),
    connection_limit, valid_until, in_role, role, admin. `user`: CREATE USER (LOGIN by default)."""

    name: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    user: bool = False


@dataclass(slots=True)
class AlterRole(Statement):
    name: str = ""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class CreateDatabase(Statement):
    name: str = ""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class AlterDatabase(Statement):
    name: str = ""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Comment(Statement):
    kind: str = "table"
    name: Name | None = None
    sub_name: str = ""  # the column, constraint, ...
    text_value: str | None = None


@dataclass(slots=True)
class Grant(Statement):
    """GRANT/REVOKE (revoke=True). kind: table, sequence, schema, database, function, role (privileges = role names)."""

    revoke: bool = False
    privileges: list[tuple[str, list[str]]] = field(default_factory=list)  # (privilege, columns); ('all', [])
    kind: str = "table"
    names: list[Name] = field(default_factory=list)
    all_in_schema: bool = False
    grantees: list[str] = field(default_factory=list)
    grant_option: bool = False
    cascade: bool = False


@dataclass(slots=True)
class Reindex(Statement):
    kind: str = "table"
    name: Name | None = None
    concurrently: bool = False


@dataclass(slots=True)
class Listen(Statement):
    """action: listen, unlisten (channel None = *), notify."""

    action: str = "listen"
    channel: str | None = None
    payload: str = ""


@dataclass(slots=True)
class Unsupported(Statement):
    """Known to PostgreSQL, not here: execution raises 0A000 with `feature` in the message and a hint."""

    feature: str = ""
