"""Sequences: values handed out ahead of the log, so that nextval costs no commit.

A sequence's page holds the value up to which handing out is logged; memory holds the current one. When the logged value
is reached, 32 more are logged. After a crash counting goes on behind what was logged: values may be skipped, none comes
twice. A value is only given to a client once the record that allows it is durable: whoever draws from a new batch waits
for that, once in 32 values, also inside a transaction that may never commit.

    page: i64 logged, i64 unused, u8 is_called         at offset 32

nextval is not undone by ROLLBACK. Errors: 2200H the limit is reached, 55000 currval before nextval, 42809, 42501.
"""

from __future__ import annotations

import struct
from typing import Any

from aurorapy.errors import DatabaseError, DataError
from aurorapy.records import dataclass
from aurorapy_native.retry import Retry
from aurorapy_native.space import RelationStorage

KIND_SEQUENCE = 9
AHEAD = 32
_STATE = struct.Struct("<qqB")
_OFFSET = 32


@dataclass(slots=True)
class _State:
    """One sequence in memory. `last` is what nextval gave last (or will give first, when not `called`)."""

    page_no: int
    last: int
    called: bool
    logged: int  # values up to here (in counting direction) may be given out without logging
    lsn: int = 0  # of the record that says so


class Sequences:
    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self._states: dict[int, _State] = {}  # by map page

    # -- storage -------------------------------------------------------------------------------------------------------
    def create(self, root: int, start: int) -> None:
        """Writes the page of a new sequence."""
        storage = RelationStorage.open(self._instance.space, root)
        block = storage.add_block(KIND_SEQUENCE)
        state = _State(storage.page_number(block), start, False, start)
        self._write(state, start, False)
        self._states[root] = state

    def _log(self, state: _State, value: int, called: bool) -> None:
        """One attempt; raises Retry before anything changed."""
        self._instance.mtr.run([(state.page_no, ("write", _OFFSET, _STATE.pack(value, 0, called)))])

    def _write(self, state: _State, value: int, called: bool) -> None:
        while True:
            try:
                return self._log(state, value, called)
            except Retry as retry:
                retry.wait()

    def _state(self, root: int) -> _State:
        state = self._states.get(root)
        if state is None:
            storage = RelationStorage.open(self._instance.space, root)
            page_no = storage.page_number(0)
            value, _, called = _STATE.unpack_from(self._instance.pool.page(page_no), _OFFSET)
            state = self._states.setdefault(root, _State(page_no, value, bool(called), value))
        return state

    def rows(self, root: int) -> tuple[int, int, bool]:
        """(last_value, log_cnt, is_called): what SELECT * FROM sequence shows."""
        state = self._state(root)
        return state.last, abs(state.logged - state.last), state.called

    def close(self) -> None:
        """A clean end leaves no gap: the page gets the current value."""
        for state in self._states.values():
            if state.logged != state.last:
                self._write(state, state.last, state.called)
                state.logged = state.last
        self._states.clear()

    def dropped(self, root: int) -> None:
        self._states.pop(root, None)

    # -- values --------------------------------------------------------------------------------------------------------
    def next(self, relation: Any, definition: Any) -> int:
        """The next value, by pg_sequence's row."""
        while True:
            state = self._state(relation.root)
            try:
                value = self._try_next(state, relation, definition)
            except Retry as retry:
                retry.wait()  # another session may have drawn meanwhile: start over
                continue
            volume = self._instance.volume
            if state.lsn > volume.vdl:
                volume.wait_durable(state.lsn)
            return value

    def _try_next(self, state: _State, relation: Any, definition: Any) -> int:
        increment = definition.seqincrement
        value, must_log = state.last, not state.called
        if state.called:
            value += increment
            must_log = value > state.logged if increment > 0 else value < state.logged
            if not definition.seqmin <= value <= definition.seqmax:
                value, must_log = self._wrap(relation, definition), True
        if must_log:
            ahead = min(max(value + increment * AHEAD, definition.seqmin), definition.seqmax)
            self._log(state, ahead, True)
            state.logged, state.lsn = ahead, self._instance.volume.redo.last_lsn
        state.last, state.called = value, True
        return value

    @staticmethod
    def _wrap(relation: Any, definition: Any) -> int:
        up = definition.seqincrement > 0
        if definition.seqcycle:
            return definition.seqmin if up else definition.seqmax
        which, limit = ("maximum", definition.seqmax) if up else ("minimum", definition.seqmin)
        raise DataError(
            f'nextval: reached {which} value of sequence "{relation.name}" ({limit})', sqlstate="2200H"
        )

    def set(self, relation: Any, definition: Any, value: int, called: bool) -> None:
        if not definition.seqmin <= value <= definition.seqmax:
            raise DataError(
                f'setval: value {value} is out of bounds for sequence "{relation.name}" '
                f"({definition.seqmin}..{definition.seqmax})", sqlstate="22003",
            )  # fmt: skip
        state = self._state(relation.root)
        self._write(state, value, called)
        state.last = state.logged = value
        state.called = called

    # -- sessions ------------------------------------------------------------------------------------------------------
    def for_session(self, session: Any) -> SessionSequences:
        return SessionSequences(self, session)

    def forget(self, session: Any) -> None:
        session.eval.sequences.forget()


class SessionSequences:
    """expressions.context.SequenceAccess: remembers what this session drew."""

    def __init__(self, sequences: Sequences, session: Any) -> None:
        self._sequences = sequences
        self._session = session
        self._current: dict[int, int] = {}
        self._last: int | None = None
        self._definitions: dict[int, tuple[int, Any, Any]] = {}
        self._cached: dict[int, tuple[Any, list[int]]] = {}  # values drawn ahead (CACHE), last first, and by which definition

    def _find(self, oid: int) -> tuple[Any, Any]:
        catalog = self._session.catalog
        cached = self._definitions.get(oid)
        if cached is not None and cached[0] == catalog.version:
            return cached[1], cached[2]
        relation = catalog.relation(oid)
        if relation is None:
            raise DatabaseError(f"could not open relation with OID {oid}", sqlstate="42P01")
        if relation.kind != "S":
            raise DatabaseError(f'"{relation.name}" is not a sequence', sqlstate="42809")
        definition = catalog.reader().one("pg_sequence", seqrelid=oid)
        self._definitions[oid] = (catalog.version, relation, definition)
        return relation, definition

    def _check_writable(self, what: str) -> None:
        transaction = self._session.transaction
        if transaction is not None and transaction.read_only:
            raise DatabaseError(f"cannot execute {what}() in a read-only transaction", sqlstate="25006")

    def nextval(self, oid: int) -> int:
        self._check_writable("nextval")
        relation, definition = self._find(oid)
        if definition.seqcache > 1:
            value = self._from_cache(oid, relation, definition)
        else:
            value = self._sequences.next(relation, definition)
        self._current[oid] = self._last = value
        self._touch()
        return value

    def _from_cache(self, oid: int, relation: Any, definition: Any) -> int:
        """CACHE n: the session draws n values at once; those it does not use are lost."""
        made_by, values = self._cached.get(oid, (None, []))
        key = (relation.root, definition.values)
        if made_by != key or not values:
            values = [self._sequences.next(relation, definition)]
            while len(values) < definition.seqcache:
                following = values[-1] + definition.seqincrement
                if not definition.seqmin <= following <= definition.seqmax:
                    break
                values.append(self._sequences.next(relation, definition))
            values.reverse()
            self._cached[oid] = (key, values)
        return values.pop()

    def _touch(self) -> None:
        """The client must not see a value that the log might forget: the transaction gets an id, so its commit waits."""
        transaction = self._session.transaction
        if transaction is not None and not transaction.top_xid:
            transaction.xid  # noqa: B018 - assigning is the point

    def currval(self, oid: int) -> int:
        relation, _ = self._find(oid)
        if oid not in self._current:
            raise DatabaseError(f'currval of sequence "{relation.name}" is not yet defined in this session', sqlstate="55000")
        return self._current[oid]

    def lastval(self) -> int:
        if self._last is None:
            raise DatabaseError("lastval is not yet defined in this session", sqlstate="55000")
        return self._last

    def setval(self, oid: int, value: int, is_called: bool) -> int:
        self._check_writable("setval")
        relation, definition = self._find(oid)
        self._sequences.set(relation, definition, value, is_called)
        self._cached.pop(oid, None)
        if is_called:
            self._current[oid] = value
        self._touch()
        return value

    def forget(self) -> None:
        self._current.clear()
        self._cached.clear()
        self._last = None
