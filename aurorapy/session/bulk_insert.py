"""INSERT of many rows of literals over the simple protocol: one row is parsed, the others are only read.

    INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y'), …
      template   INSERT INTO t (a, b) VALUES ($1, $2)        parsed, bound and planned once
      rows       text → batches → table.insert_batch         when the template's plan is plain

All rows are read before the first one is inserted, so whatever is not for here - a value that its column's type must look
at more closely, an expression, an error - leaves the statement untouched, and it goes its ordinary way.

Not here: which INSERTs are plain (execute.modify.plain), reading rows (aurorapy_native.values_lines).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError
from aurorapy.execute.modify.plain import PlainInsert, fields_of_parameters, plain_insert
from aurorapy.session.prepared import PreparedStatement
from aurorapy.sql.parse import parse
from aurorapy.sql.statements import QueryStatement
from aurorapy_native.row_batch import RowBatch
from aurorapy_native.values_lines import DONE, OTHER, ValuesLines, find_values

TEXT_MIN = 1024  # shorter statements are the plan cache's
TEMPLATES_MAX = 64


class BulkInserts:
    """One session's templates."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._templates: dict[tuple[str, int], PreparedStatement | None] = {}

    def run(self, text: str) -> bool:
        """Runs the statement and answers it, if it is one for here."""
        session = self._session
        if len(text) < TEXT_MIN or session.block.state == "failed":
            return False
        found = find_values(text)
        if found is None or not found.width:
            return False
        session.block.start_statement()
        template = self._template(found)
        if template is None:
            return False
        transaction = session.lock_relations(template)
        plain = _plain(template, found.width)
        if plain is None:
            return False
        table = session.instance.table(plain.relation)
        batches = self._read(found, plain, table)
        if batches is None:
            return False
        session.portals.close("")
        snapshot = transaction.snapshot()
        session.block.snapshot_taken = True
        count = sum(len(batch) for batch in batches)
        try:
            for batch in batches:
                table.insert_batch(transaction, batch)
                session.check_interrupts()
        finally:
            transaction.release_snapshot(snapshot)
        transaction.next_command()
        session.output.complete(template.tag(count))
        return True

    def _template(self, found: ValuesLines) -> PreparedStatement | None:
        key = (found.head, found.width)
        if key not in self._templates:
            if len(self._templates) >= TEMPLATES_MAX:
                self._templates.clear()
            self._templates[key] = self._prepared(*key)
        template = self._templates[key]
        if template is not None:
            try:
                template.revalidate()
            except DatabaseError:
                return None
        return template

    def _prepared(self, head: str, width: int) -> PreparedStatement | None:
        row = ", ".join(f"${n}" for n in range(1, width + 1))
        try:
            statements = parse(f"{head} ({row})")
            if len(statements) != 1 or not isinstance(statements[0], QueryStatement):
                return None
            template = PreparedStatement(self._session, statements[0], [])
        except DatabaseError:
            return None
        template.keeps_shape = False
        return template

    def _read(self, found: ValuesLines, plain: PlainInsert, table: Any) -> list[RowBatch] | None:
        """All rows; None when one of them is not for here."""
        text = plain.row_text(table.heap.codec)
        batches: list[RowBatch] = []
        while True:
            batch = table.new_batch()
            batches.append(batch)
            state = found.scan(text, batch)
            if state == OTHER:
                return None
            if state == DONE:
                return batches
            self._session.check_interrupts()


def _plain(template: PreparedStatement, width: int) -> PlainInsert | None:
    plan = template.executable.plan
    fields = fields_of_parameters(plan)
    if fields is None or len(fields) != width:
        return None
    return plain_insert(plan, fields, width)
