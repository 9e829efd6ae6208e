"""Plans of plain statements found by their text without its literals, so that a client which never prepares is parsed,
bound and planned once.

    UPDATE t SET a = a + 5 WHERE id = 7       key  UPDATE t SET a = a + $1i WHERE id = $2i
    UPDATE t SET a = a + 3 WHERE id = 9       the same plan, with other values

The lexer decides which literals may be taken out and puts their lexical class into the key. A key is planned when it is
seen for the second time; if the text with parameters cannot be bound, or a value does not read as its parameter's type,
the statement goes its ordinary way, where errors have their exact text and position.

Not here: revalidation (`prepared`), statements in several parts, utilities.
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError
from aurorapy.session.prepared import PreparedStatement
from aurorapy.sql.parse import parse_shared
from aurorapy.sql.statements import QueryStatement
from aurorapy_native.lexer import fingerprint

KEYS_MAX = 512
TEXT_MAX = 8192
_BEGINNINGS = frozenset("sSuUiIdD")  # SELECT, UPDATE, INSERT, DELETE
_NEVER = object()


class TextPlans:
    """One session's."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._plans: dict[str, Any] = {}  # key → None (seen once), _NEVER, or a PreparedStatement

    def find_program(self, text: str) -> tuple[PreparedStatement, tuple] | None:
        """find() for a text whose plan is known already and is a program of one row: plans nothing, begins nothing.
        Whether the plan still holds the caller has to see."""
        taken = self._taken_out(text)
        known = self._plans.get(taken[0]) if taken is not None else None
        if known is None or known is _NEVER or known.program is None:
            return None
        return self._with_values(known, taken[3])

    def find(self, text: str) -> tuple[PreparedStatement, tuple] | None:
        """The plan and this text's parameter values; None when the statement must be taken as it stands."""
        taken = self._taken_out(text)
        if taken is None:
            return None
        key, parameterized, type_oids, values = taken
        known = self._plans.get(key, self)
        if known is self:
            if len(self._plans) >= KEYS_MAX:
                self._plans.clear()
            self._plans[key] = None
            return None
        if known is not _NEVER:
            self._session.block.start_statement()
        if known is None:
            known = self._plans[key] = self._plan(parameterized, type_oids)
        if known is _NEVER:
            return None
        try:
            known.revalidate()
        except DatabaseError:
            return None
        return self._with_values(known, values)

    def _taken_out(self, text: str) -> tuple | None:
        if text[:1] not in _BEGINNINGS or len(text) > TEXT_MAX or not self._session.settings.plan_cache:
            return None
        return fingerprint(text)

    def _plan(self, text: str, type_oids: tuple[int, ...]) -> Any:
        try:
            statements = parse_shared(text)
            if len(statements) != 1 or not isinstance(statements[0], QueryStatement):
                return _NEVER
            prepared = PreparedStatement(self._session, statements[0], list(type_oids))
            prepared.keeps_shape = False
            return prepared
        except DatabaseError:
            return _NEVER

    def _with_values(self, prepared: PreparedStatement, values: tuple[str, ...]) -> tuple[PreparedStatement, tuple] | None:
        reader = prepared.readers.get(()) or self._session.output.param_reader(prepared, ())
        params = reader.of_texts(values)
        return None if params is None else (prepared, params)
