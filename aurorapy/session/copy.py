"""COPY with a client: CopyInResponse, CopyData, CopyDone; and back.

    COPY t FROM STDIN      G ◀── , d d d c ──▶ rows inserted, CommandComplete COPY n
    COPY (SELECT …) TO STDOUT   H d d d c, CommandComplete COPY n

Rows go in through an INSERT prepared for the columns, so defaults, checks and indexes are the statement's own; where that
has nothing to compute (execute.modify.plain), batches of lines go into the table without Python in between.

Errors: 57014 CopyFail, 08P01 another message in between, 42501 server files (there are none to read or write).

Not here: file formats (`execute.copy`).
"""

from __future__ import annotations

from typing import Any, Iterator

from aurorapy.catalog.model import KIND_NAMES
from aurorapy.errors import DatabaseError, FatalError, InsufficientPrivilege, QueryCanceled, TransactionStateError, UniqueViolation
from aurorapy.execute.copy.load import Loader
from aurorapy.execute.copy.options import copy_options
from aurorapy.execute.copy.unload import unload
from aurorapy.execute.modify.plain import PlainInsert, plain_insert
from aurorapy.session.portals import Portal
from aurorapy.session.prepared import PreparedStatement
from aurorapy.sql import statements as s
from aurorapy.sql.parse import parse
from aurorapy.types.identifiers import quote_identifier
from aurorapy_native.copy_lines import FULL, MORE, ODD, CopyLines

GIVE_WAY_ROWS = 64


def run(session: Any, statement: s.Copy) -> str:
    options = copy_options(statement.options, statement.is_from, statement.option_positions)
    if statement.target_kind != "client":
        what = "PROGRAM" if statement.target_kind == "program" else "file"
        raise InsufficientPrivilege(
            f"COPY to or from a {what} is not allowed", hint="Anyone can COPY to stdout or from stdin. "
            "psql's \\copy command also works for anyone.",
        )  # fmt: skip
    return _copy_in(session, statement, options) if statement.is_from else _copy_out(session, statement, options)


# -- out ---------------------------------------------------------------------------------------------------------------
def _copy_out(session: Any, statement: s.Copy, options: Any) -> str:
    query = statement.query
    if query is None:
        relation, columns = _table(session, statement)
        if relation.kind not in "rm":
            raise DatabaseError(
                f'cannot copy from {KIND_NAMES[relation.kind]} "{relation.name}"', sqlstate="42809",
                hint="Try the COPY (SELECT ...) TO variant." if relation.kind == "v" else None,
            )  # fmt: skip
        query = parse(f"SELECT {', '.join(map(quote_identifier, columns))} FROM {_qualified(relation)}")[0]
    prepared = PreparedStatement(session, query, [])
    if prepared.columns is None:
        raise DatabaseError("COPY query must have a RETURNING clause", sqlstate="0A000")
    portal = Portal("", prepared, (), [])
    output = session.output
    try:
        portal.start(session)
        binary = options.format == "binary"
        output.copy_begins("H", binary, len(prepared.columns))
        total = 0
        evaluation = session.eval
        for pieces, rows in unload(portal.rows, prepared.columns, options, evaluation.type_of, evaluation.type_context):
            total += rows
            for piece in pieces:
                output.copy_data(piece)
            session.check_interrupts()
        output.copy_done()
    finally:
        portal.close()
    session.transaction.next_command()
    return f"COPY {total}"




def _qualified(relation: Any) -> str:
    return f"{quote_identifier(relation.schema)}.{quote_identifier(relation.name)}"


def _table(session: Any, statement: s.Copy) -> tuple[Any, list[str]]:
    name = statement.table
    relation = session.catalog.need_relation(name.schema, name.name)
    columns = statement.columns or [c.name for c in relation.live_columns() if not c.generated]
    for column in columns:
        if column not in relation.by_name:
            raise DatabaseError(
                f'column "{column}" of relation "{relation.name}" does not exist', sqlstate="42703"
            )
        if columns.count(column) > 1:
            raise DatabaseError(f'column "{column}" specified more than once', sqlstate="42701")
    return relation, columns


# -- in ----------------------------------------------------------------------------------------------------------------
def _copy_in(session: Any, statement: s.Copy, options: Any) -> str:
    relation, columns = _table(session, statement)
    if relation.kind != "r":
        raise DatabaseError(f'cannot copy to {KIND_NAMES.get(relation.kind, "relation")} "{relation.name}"', sqlstate="42809")
    if session.transaction.read_only:
        raise TransactionStateError("cannot execute COPY FROM in a read-only transaction", sqlstate="25006")
    described = [relation.by_name[c] for c in columns]
    types = [session.catalog.type_by_oid(c.type_oid) for c in described]
    loader = Loader(relation.name, columns, types, [c.typmod for c in described], options, session.eval.type_context)
    insert = _prepare_insert(session, relation, columns, types, statement.where)
    session.output.copy_begins("G", options.format == "binary", len(columns))
    total = _load(session, loader, insert, [c.attno for c in described], options)
    session.transaction.next_command()
    return f"COPY {total}"


def _prepare_insert(session: Any, relation: Any, columns: list[str], types: list[Any],
                    where: Any) -> PreparedStatement:  # fmt: skip
    if columns:
        names = ", ".join(map(quote_identifier, columns))
        values = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
        overriding = " OVERRIDING SYSTEM VALUE" if any(relation.by_name[c].identity == "a" for c in columns) else ""
        source = f"VALUES ({values})"
        if where is not None:
            source = f"SELECT * FROM (VALUES ({values})) AS {quote_identifier(relation.name)} ({names}) WHERE {where.text}"
        text = f"INSERT INTO {_qualified(relation)} ({names}){overriding} {source}"
    else:
        text = f"INSERT INTO {_qualified(relation)} DEFAULT VALUES"
    return PreparedStatement(session, parse(text)[0], [t.oid for t in types])


def _load(session: Any, loader: Loader, insert: PreparedStatement, attnos: list[int], options: Any) -> int:
    transaction = session.lock_relations(insert)
    snapshot = transaction.snapshot()
    context = session.exec_context(transaction, snapshot, ())
    plain = None
    if options.format == "text" and attnos:
        fields = {attno: number for number, attno in enumerate(attnos)}
        plain = plain_insert(insert.executable.plan, fields, len(attnos))
    try:
        if plain is not None:
            return PlainLoad(session, loader, plain, context, options).run(_copy_data(session))
        return _load_rows(session, loader, insert.executable.run, context)
    finally:
        transaction.release_snapshot(snapshot)


def _load_rows(session: Any, loader: Loader, run_insert: Any, context: Any) -> int:
    """Row after row through the compiled INSERT."""
    fed = loaded = 0
    try:
        for data in _copy_data(session):
            if loader.ended:
                continue
            for row in loader.finish() if data is None else loader.feed(data):
                context.params, context.processed = row, 0
                for _ in run_insert(context):
                    pass
                loaded += context.processed
                fed += 1
                if fed % GIVE_WAY_ROWS == 0:
                    session.check_interrupts()
    except DatabaseError as error:
        if error.where is None:
            error.where = loader.place if isinstance(error, UniqueViolation) else loader.where
        raise
    return loaded


class PlainLoad:
    """Rows of text into a table whose INSERT is plain: lines are read, rows made and placed in C, a batch at a time.

    As in PostgreSQL up to 1,000 rows or 64 KB of lines are kept before they are inserted, so a line that cannot be read
    is reported before a duplicate key a few lines above it. Lines that CopyLines does not take are read by the Loader."""

    def __init__(self, session: Any, loader: Loader, plain: PlainInsert, context: Any, options: Any) -> None:
        self._session = session
        self._loader = loader
        self._plain = plain
        self._context = context
        self._table = context.open_table(plain.relation)
        self._batch = self._table.new_batch()
        text = plain.row_text(self._table.heap.codec)
        self._lines = CopyLines(text, options.delimiter.encode(), options.null.encode())
        self._first_line = 0  # of the batch
        self._loaded = 0
        self._odd = 0

    def run(self, chunks: Iterator[bytes | None]) -> int:
        loader, lines = self._loader, self._lines
        for data in chunks:
            if loader.ended:
                continue
            if data is not None:
                lines.feed(data)
                self._scan()
            else:
                loader.line = lines.count
                self._rows(loader.feed(lines.rest()))
                self._rows(loader.finish())
        self._flush()
        return self._loaded

    def _scan(self) -> None:
        """All whole lines there are."""
        lines, batch, loader = self._lines, self._batch, self._loader
        while not loader.ended:
            if not len(batch):
                self._first_line = lines.count + 1
            state = ODD if loader.header_pending else lines.scan(batch)
            if state == FULL:
                self._flush()
            elif state == MORE:
                return
            else:
                loader.line = lines.count
                line = lines.take()
                if line is None:
                    return
                self._rows(loader.feed(line))

    def _rows(self, rows: Iterator[tuple]) -> None:
        """Rows that the Loader read."""
        loader, batch, context = self._loader, self._batch, self._context
        try:
            for values in rows:
                row = self._plain.row(values, context.eval)
                if not len(batch):
                    self._first_line = loader.line
                if not batch.append(row):
                    self._flush()
                    self._first_line = loader.line
                    if not batch.append(row):
                        self._table.insert(context.transaction, row)
                        self._loaded += 1
                self._odd += 1
                if self._odd % GIVE_WAY_ROWS == 0:
                    self._session.check_interrupts()
        except DatabaseError as error:
            if error.where is None:
                error.where = loader.place if isinstance(error, UniqueViolation) else loader.where
            raise

    def _flush(self) -> None:
        """Inserts the batch."""
        count = len(self._batch)
        try:
            self._table.insert_batch(self._context.transaction, self._batch)
        except DatabaseError as error:
            if error.where is None:
                error.where = self._loader.place_of(self._first_line + (error.batch_row or 0))
            raise
        self._loaded += count
        self._session.check_interrupts()


def _copy_data(session: Any) -> Iterator[bytes | None]:
    """What the client's CopyData messages carry, and None when it is done."""
    while True:
        message = session.read_message()
        letter = message[0]
        if letter == "d":
            yield message[1] + session.read_copy_data()
        elif letter == "c":
            yield None
            return
        elif letter == "f":
            raise QueryCanceled(f"COPY from stdin failed: {message[1]}")
        elif letter == "X":
            raise FatalError("unexpected EOF on client connection with an open transaction", sqlstate="08006")
        elif letter not in ("H", "S"):
            raise DatabaseError(
                f"unexpected message type 0x{ord(letter):02X} during COPY from stdin", sqlstate="08P01"
            )
