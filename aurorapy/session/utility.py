"""Statements that are not queries: one handler a class, found in one table.

A handler takes (session, statement) and returns the command tag, or a `Rows` (columns and rows) for SHOW, EXPLAIN and
FETCH. `run` serves the simple protocol, `run_portal` the extended one, `columns_of` Describe before execution.

Errors: 0A000 with a hint for what is not supported, 25001/25P01 where a block is forbidden or needed, 25006 in a
read-only transaction.

Not here: definitions (`execute.ddl`), COPY's data (`copy`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.config import parse_bool
from aurorapy.errors import DatabaseError, FeatureNotSupported, TransactionStateError, UndefinedObject
from aurorapy.execute import ddl, explain
from aurorapy.session import copy as copy_protocol
from aurorapy.session import cursors, prepared_sql, recovery
from aurorapy.session.columns import columns_of, show_columns
from aurorapy.session.forwarding import unsupported
from aurorapy.session.prepared import PreparedStatement
from aurorapy.session.rows import Rows
from aurorapy.sql import statements as s


# -- running -----------------------------------------------------------------------------------------------------------
def run(session: Any, statement: s.Statement, alone: bool = True) -> None:
    """Simple protocol: everything the client is sent, up to CommandComplete."""
    if isinstance(statement, NO_BLOCK) or _refuses_block(statement):
        session.block.forbid_block(_named(statement))
    if not isinstance(statement, (*OUTSIDE_TRANSACTIONS, *RUN_IN_FAILED_BLOCK)):
        session.block.start_statement()
    if session.instance.is_reader:
        recovery.refuse(session, statement)
    result = _handler(statement)(session, statement)
    if isinstance(result, Rows):
        session.output.result(result)
    elif result is not None:
        session.output.complete(result)


def _named(statement: s.Statement) -> str:
    """The command as 25001 calls it."""
    if isinstance(statement, s.Reindex):
        return "REINDEX CONCURRENTLY" if statement.concurrently else f"REINDEX {statement.kind.upper()}"
    return f"{statement.tag} CONCURRENTLY" if isinstance(statement, s.CreateIndex) else statement.tag


def _refuses_block(statement: s.Statement) -> bool:
    if isinstance(statement, s.Drop):
        return statement.kind == "database"
    if isinstance(statement, s.Reindex):
        return statement.kind in ("schema", "database", "system") or statement.concurrently
    return isinstance(statement, s.CreateIndex) and statement.concurrently


def run_portal(session: Any, portal: Any, limit: int) -> None:
    """Extended protocol: a utility's rows were described before."""
    statement = portal.prepared.statement
    if isinstance(portal.context, Rows):
        session.output.result_rows(portal.context, limit, portal)
        return
    if isinstance(statement, NO_BLOCK):
        session.block.forbid_block(statement.tag)
    if session.instance.is_reader:
        recovery.refuse(session, statement)
    result = _handler(statement)(session, statement)
    if isinstance(result, Rows):
        portal.context = result
        session.output.result_rows(result, limit, portal)
    elif result is not None:
        session.output.complete(result)


def refuse_parameters(statement: s.Statement) -> None:
    """A simple query has no parameters to give."""
    position = statement.text.find("$") + 1 + statement.offset
    raise DatabaseError("there is no parameter $1", sqlstate="42P02", position=max(position, 0))


def _handler(statement: s.Statement) -> Callable[[Any, Any], Any]:
    handler = HANDLERS.get(type(statement))
    if handler is None:
        handler = _definition
    return handler


# -- transactions ------------------------------------------------------------------------------------------------------
def _begin(session: Any, statement: s.Begin) -> str:
    if statement.options.get("isolation") == "serializable" and not session.instance.is_reader:
        session.notice("WARNING", "serializable runs as repeatable read", sqlstate="01000")
    session.block.begin(statement.options)
    return "START TRANSACTION" if statement.start else "BEGIN"


def _commit(session: Any, statement: s.Commit) -> str:
    return session.block.commit(statement.chain)


def _rollback(session: Any, statement: s.Rollback) -> str:
    session.block.rollback(statement.chain)
    return "ROLLBACK"


def _savepoint(session: Any, statement: s.Savepoint) -> str:
    session.block.savepoint(statement.name)
    return "SAVEPOINT"


def _release(session: Any, statement: s.ReleaseSavepoint) -> str:
    session.block.release(statement.name)
    return "RELEASE"


def _rollback_to(session: Any, statement: s.RollbackTo) -> str:
    session.block.rollback_to(statement.name)
    session.catalog.rolled_back()
    return "ROLLBACK"


def _prepare_transaction(session: Any, statement: s.PrepareTransaction) -> str:
    """Ends the block one way or the other, as a COMMIT would."""
    open_block = session.block.explicit and session.block.state != "failed"
    session.block.rollback()
    if not open_block:
        return "ROLLBACK"
    if session.settings["max_prepared_transactions"] == 0:
        raise DatabaseError(
            "prepared transactions are disabled", sqlstate="55000",
            hint="Set max_prepared_transactions to a nonzero value.",
        )  # fmt: skip
    raise FeatureNotSupported("PREPARE TRANSACTION is not supported")


def _finish_prepared(session: Any, statement: s.FinishPrepared) -> str:
    session.block.forbid_block(statement.tag)
    raise UndefinedObject(f'prepared transaction with identifier "{statement.gid}" does not exist')


def _set_transaction(session: Any, statement: s.SetTransaction) -> str:
    if statement.session:
        for option, value in statement.options.items():
            text = value if isinstance(value, str) else ("on" if value else "off")
            session.settings.set(f"default_transaction_{option}", [text])
        return "SET"
    if not session.block.explicit:
        session.warn("SET TRANSACTION can only be used in transaction blocks", "25P01")
    else:
        session.block.set_characteristics(statement.options)
    return "SET"


def _set_constraints(session: Any, statement: s.SetConstraints) -> str:
    if not session.block.explicit:
        session.warn("SET CONSTRAINTS can only be used in transaction blocks", "25P01")
    return "SET CONSTRAINTS"


def _lock_table(session: Any, statement: s.LockTable) -> str:
    session.block.require_block("LOCK TABLE")
    transaction = session.transaction
    for name in statement.tables:
        relation = session.catalog.need_relation(name.schema, name.name, name.position)
        timeout = session.lock_timeout()
        if not transaction.lock_relation(relation.oid, statement.mode, timeout, nowait=statement.nowait):
            raise DatabaseError(f'could not obtain lock on relation "{relation.name}"', sqlstate="55P03")
    return "LOCK TABLE"


# -- settings ----------------------------------------------------------------------------------------------------------
def _set(session: Any, statement: s.Set) -> str:
    if statement.local and not session.block.explicit:
        session.warn("SET LOCAL can only be used in transaction blocks", "25P01")
    name = statement.name.lower()
    if name == "transaction_isolation" and statement.values:
        session.block.set_characteristics({"isolation": statement.values[0]})
        return "SET"
    if name == "transaction_read_only" and statement.values:
        session.block.set_characteristics({"read_only": parse_bool(statement.values[0])})
        return "SET"
    if statement.from_current:
        session.settings.check_changeable(statement.name)
    else:
        session.settings.set(statement.name, statement.values, statement.local)
    return "SET"


def _show(session: Any, statement: s.Show) -> Rows:
    if statement.name.lower() == "all":
        rows = [(setting.name, setting.show(value), setting.description) for setting, value in session.settings.all()]
    else:
        rows = [(session.settings.show(statement.name),)]
    return Rows(show_columns(statement), rows, "SHOW")


def _reset(session: Any, statement: s.Reset) -> str:
    if statement.name.lower() == "all":
        session.settings.reset_all()
    else:
        session.settings.reset(statement.name)
    return "RESET"


def _discard(session: Any, statement: s.Discard) -> str:
    if statement.what == "all":
        session.block.forbid_block("DISCARD ALL")
        session.portals.close_all()
        session.settings.reset_all()
        session.prepared.clear()
        session.eval.advisory.unlock_all()
        session.instance.sequences.forget(session)
        return "DISCARD ALL"
    if statement.what == "plans":
        return "DISCARD PLANS"
    if statement.what == "sequences":
        session.instance.sequences.forget(session)
        return "DISCARD SEQUENCES"
    return "DISCARD TEMP"


# -- the rest ----------------------------------------------------------------------------------------------------------
def _explain(session: Any, statement: s.Explain) -> Rows:
    inner = statement.statement
    if not isinstance(inner, s.QueryStatement):
        if isinstance(inner, s.CreateTable) and inner.query is not None:
            explain.read_options(statement.options, statement.positions)
            inner = inner.query
        elif isinstance(inner, s.Execute):
            return prepared_sql.explain_execute(session, statement, inner)
        else:
            raise FeatureNotSupported(f"EXPLAIN of {inner.tag} is not supported")
    if explain.read_options(statement.options, statement.positions)["analyze"] or session.block.remote is not None:
        prepared = PreparedStatement(session, inner, [])
        if session.forwarding.takes(prepared):
            return Rows(columns_of(session, statement), session.forwarding.rows(statement), "EXPLAIN")
        session.lock_relations(prepared)
    lines = explain.explain(session, inner, statement.options, (), statement.positions)
    return Rows(columns_of(session, statement), [(line,) for line in lines], "EXPLAIN")


def _listen(session: Any, statement: s.Listen) -> str:
    session.instance.channels.apply(session, statement)
    return statement.action.upper()


def _checkpoint(session: Any, statement: s.Checkpoint) -> str:
    if not session.facts.is_superuser:
        raise DatabaseError("must be superuser or have privileges of pg_checkpoint to do CHECKPOINT", sqlstate="42501")
    session.instance.volume.flush()
    return "CHECKPOINT"


def _vacuum(session: Any, statement: s.Vacuum) -> str:
    session.block.finish_implicit()
    session.instance.maintenance.vacuum(session, statement)
    return "VACUUM"


def _analyze(session: Any, statement: s.Analyze) -> str:
    session.instance.maintenance.analyze(session, statement)
    return "ANALYZE"


def _copy(session: Any, statement: s.Copy) -> str:
    return copy_protocol.run(session, statement)


def _unsupported(session: Any, statement: s.Unsupported) -> str:
    raise FeatureNotSupported(
        f"{statement.feature} is not supported", hint="This statement is known to PostgreSQL but not to this server."
    )


def _definition(session: Any, statement: s.Statement) -> str:
    transaction = session.transaction
    tag = ddl.tag_of(statement)
    if transaction.read_only and not ddl.allowed_read_only(statement):
        if session.forwarding.is_on:
            raise unsupported(tag)
        raise TransactionStateError(f"cannot execute {tag} in a read-only transaction", sqlstate="25006")
    try:
        outcome = ddl.execute(session.ddl_context(), statement)
    finally:
        transaction.next_command()
    return outcome or tag


HANDLERS: dict[type, Callable[[Any, Any], Any]] = {
    s.Begin: _begin,
    s.Commit: _commit,
    s.Rollback: _rollback,
    s.Savepoint: _savepoint,
    s.ReleaseSavepoint: _release,
    s.RollbackTo: _rollback_to,
    s.PrepareTransaction: _prepare_transaction,
    s.FinishPrepared: _finish_prepared,
    s.SetTransaction: _set_transaction,
    s.SetConstraints: _set_constraints,
    s.LockTable: _lock_table,
    s.Set: _set,
    s.Show: _show,
    s.Reset: _reset,
    s.Discard: _discard,
    s.Explain: _explain,
    s.Prepare: prepared_sql.prepare,
    s.Execute: prepared_sql.execute,
    s.Deallocate: prepared_sql.deallocate,
    s.DeclareCursor: cursors.declare,
    s.Fetch: cursors.fetch,
    s.CloseCursor: cursors.close,
    s.Listen: _listen,
    s.Checkpoint: _checkpoint,
    s.Vacuum: _vacuum,
    s.Analyze: _analyze,
    s.Copy: _copy,
    s.Unsupported: _unsupported,
}

RUN_IN_FAILED_BLOCK = (s.Commit, s.Rollback, s.RollbackTo, s.PrepareTransaction)
OUTSIDE_TRANSACTIONS = (s.Begin, s.Discard, s.Vacuum)
NO_BLOCK = (s.Vacuum, s.CreateDatabase)

