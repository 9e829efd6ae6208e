"""Definitions: CREATE, ALTER, DROP, GRANT, COMMENT … as changes of catalog rows in the client's transaction.

    execute(ctx, statement)         one function a statement class, found in one table

    create_table, create_table_as, views, indexes, sequences, schemas, databases     CREATE
    alter_table, alter_columns, alter_object, rewrite                     ALTER
    drop                                                                  DROP of any kind, pg_depend walked
    constraints, defaults, expressions                                    what hangs on a table, as canonical SQL text
    relations, context                                                    rows every relation needs; what all work with
    roles, grants, comments, truncate, reindex

Because everything is rows, DDL rolls back, replicates and restores like any data. Storage that a rolled-back CREATE
made is freed by itself.

Errors: PostgreSQL's; 0A000 for what is not supported. Not here: parsing (`sql.parse`), VACUUM and ANALYZE (`instance`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import FeatureNotSupported
from aurorapy.execute.ddl.alter_object import alter_role_or_setting, alter_table_or_schema
from aurorapy.execute.ddl.comments import comment
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.execute.ddl.create_table import create_table
from aurorapy.execute.ddl.create_table_as import create_table_as
from aurorapy.execute.ddl.databases import alter_database, create_database
from aurorapy.execute.ddl.drop import drop
from aurorapy.execute.ddl.grants import grant
from aurorapy.execute.ddl.indexes import create_index
from aurorapy.execute.ddl.reindex import reindex
from aurorapy.execute.ddl.roles import create_role
from aurorapy.execute.ddl.schemas import create_schema
from aurorapy.execute.ddl.sequences import alter_sequence, create_sequence
from aurorapy.execute.ddl.truncate import truncate
from aurorapy.execute.ddl.views import create_view
from aurorapy.sql import statements as s


def _create_table(ctx: DdlContext, statement: s.CreateTable) -> str | None:
    if statement.query is not None:
        return create_table_as(ctx, statement)
    create_table(ctx, statement)
    return None


def _create_schema(ctx: DdlContext, statement: s.CreateSchema) -> None:
    create_schema(ctx, statement, execute)


_HANDLERS: dict[type, Callable[[DdlContext, Any], Any]] = {
    s.CreateTable: _create_table,
    s.CreateIndex: create_index,
    s.CreateSequence: create_sequence,
    s.CreateSchema: _create_schema,
    s.CreateView: create_view,
    s.CreateRole: create_role,
    s.CreateDatabase: create_database,
    s.AlterTable: alter_table_or_schema,
    s.AlterSequence: alter_sequence,
    s.AlterRole: alter_role_or_setting,
    s.AlterDatabase: alter_database,
    s.Drop: drop,
    s.Comment: comment,
    s.Grant: grant,
    s.Truncate: truncate,
    s.Reindex: reindex,
}


def execute(ctx: DdlContext, statement: s.Statement) -> str | None:
    """Runs one definition. Returns its command tag where that depends on the outcome, else None."""
    handler = _HANDLERS.get(type(statement))
    if handler is None:
        raise FeatureNotSupported(f"{statement.tag or type(statement).__name__} is not supported")
    outcome = handler(ctx, statement)
    return outcome if isinstance(outcome, str) else None


def tag_of(statement: s.Statement) -> str:
    """The command's name: its tag, and what errors call it."""
    if isinstance(statement, s.CreateTable) and statement.query is not None:
        return "CREATE TABLE AS"
    return statement.tag


def is_definition(statement: s.Statement) -> bool:
    """TRUNCATE changes rows, REINDEX nothing that is seen: they are done here and define nothing."""
    return type(statement) in _HANDLERS and not isinstance(statement, (s.Truncate, s.Reindex))


def allowed_read_only(statement: s.Statement) -> bool:
    """REINDEX changes nothing that a dump would show."""
    return isinstance(statement, s.Reindex)
