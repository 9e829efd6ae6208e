"""A catalog and tables in memory, for planner and executor tests.

MemoryTable keeps versions in a list and implements what the executor uses of access.table.Table, with one transaction
at a time. It can be told to answer a change with a code first (`script`), which is how contention is tested.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from aurorapy.catalog.model import Column, Constraint, IndexInfo, Relation
from aurorapy.errors import UndefinedTable, UniqueViolation
from aurorapy.execute import ExecContext, compile_plan
from aurorapy.expressions.context import EvalContext
from aurorapy.sql.bind import bind
from aurorapy.sql.parse.query import parse_query
from aurorapy.sql.parse.source import Source
from aurorapy.sql.plan import plan
from aurorapy.sql.statements import QueryStatement
from aurorapy.types.builtin import BY_NAME, TYPES
from aurorapy_native.keys import KeyCodec


class Outcome(NamedTuple):
    code: int
    tid: int = 0
    xid: int = 0


class MemoryIndex:
    def __init__(self, info: IndexInfo, relation: Relation) -> None:
        self.info = info
        letters = "".join(TYPES[relation.columns[a - 1].type_oid].key for a in info.columns)
        self.codec = KeyCodec(letters, tuple(info.options) or (0,) * len(letters))
        self.entries: list[tuple[bytes, int]] = []


class Batch(list):
    """Of two rows at most."""

    def append(self, row: tuple) -> bool:
        if len(self) == 2:
            return False
        super().append(row)
        return True


class MemoryTable:
    """Rows are dead or alive; a change is seen only by later statements (`command`)."""

    def __init__(self, relation: Relation) -> None:
        self.relation = relation
        self.versions: list[list] = []  # [row, made by command, ended by command or None, next tid]
        self.indexes = {i.oid: MemoryIndex(i, relation) for i in relation.indexes}
        self.script: list[tuple[Outcome, Any]] = []

    def restore(self, versions: list[list]) -> None:
        """What a failed statement did is undone."""
        self.versions[:] = versions
        for index in self.indexes.values():
            index.entries = [e for e in index.entries if e[1] < len(versions)]

    def _column(self, tid: int, attno: int) -> Any:
        return tid if attno == -1 else 0 if attno < 0 else self.versions[tid][0][attno - 1]

    def _visible(self, tid: int, snapshot: int) -> bool:
        _, made, ended, _ = self.versions[tid]
        return made < snapshot and (ended is None or ended >= snapshot)

    def scan(self, snapshot: int, columns: tuple, start_block: int = 0):
        count = len(self.versions)
        for start in range(0, count, 3):
            yield [
                tuple(self._column(t, a) for a in columns)
                for t in range(start, min(start + 3, count))
                if self._visible(t, snapshot)
            ]

    def fetch(self, tid: int, snapshot: int, columns: tuple):
        if tid >= len(self.versions) or not self._visible(tid, snapshot):
            return None
        return tuple(self._column(tid, a) for a in columns)

    fetch_version = fetch

    def index(self, oid: int) -> MemoryIndex:
        return self.indexes[oid]

    def index_pages(self, index, ranges, backward, snapshot, columns):
        found = [
            tid
            for low, high, low_inclusive, high_inclusive in ranges
            for key, tid in sorted(index.entries, reverse=backward)
            if (low is None or key > low or (low_inclusive and key == low))
            and (high is None or key < high or (high_inclusive and key == high))
        ]
        for start in range(0, len(found), 2):
            yield [row for t in found[start : start + 2] if (row := self.fetch(t, snapshot, columns)) is not None]

    def fetch_by_key(self, oid: int, key: tuple, snapshot: int, columns: tuple):
        index = self.indexes[oid]
        wanted = index.codec.encode(key)
        for entry, tid in index.entries:
            if entry == wanted and (row := self.fetch(tid, snapshot, columns)) is not None:
                return row
        return None

    def _conflicting(self, row: tuple, index: MemoryIndex, other_than: int = -1):
        values = [row[a - 1] for a in index.info.columns]
        if None in values:
            return None
        key = index.codec.encode(tuple(values))
        for entry, tid in index.entries:
            if entry == key and self.versions[tid][2] is None and tid != other_than:
                return tid
        return None

    def _add(self, txn, row: tuple) -> int:
        self.versions.append([row, txn.command, None, None])
        tid = len(self.versions) - 1
        for index in self.indexes.values():
            index.entries.append((index.codec.encode(tuple(row[a - 1] for a in index.info.columns)), tid))
        return tid

    def insert(self, txn, row: tuple) -> int:
        for index in self.indexes.values():
            if index.info.unique and self._conflicting(row, index) is not None:
                raise UniqueViolation(f'duplicate key value violates unique constraint "{index.info.name}"')
        return self._add(txn, row)

    def new_batch(self) -> list:
        return Batch()

    def insert_batch(self, txn, batch: list) -> list[int]:
        rows, batch[:] = batch[:], []
        return [self.insert(txn, row) for row in rows]

    def insert_over(self, txn, batch: list, row: tuple) -> None:
        self.insert_batch(txn, batch)
        self.insert(txn, row)

    def insert_on_conflict(self, txn, row: tuple, arbiters: tuple):
        for oid, index in self.indexes.items():
            if index.info.unique and (not arbiters or oid in arbiters):
                tid = self._conflicting(row, index)
                if tid is not None:
                    return None, tid
        return self.insert(txn, row), None

    def _scripted(self):
        if self.script:
            outcome, effect = self.script.pop(0)
            if effect is not None:
                effect()
            return outcome
        return None

    def _ended(self, txn, tid: int):
        scripted = self._scripted()
        if scripted is not None:
            return scripted
        _, made, ended, following = self.versions[tid]
        if ended is not None:
            if ended == txn.command:
                return Outcome(2)
            return Outcome(3, following) if following is not None else Outcome(4)
        return None

    def update(self, txn, tid: int, row: tuple, snapshot: int) -> Outcome:
        found = self._ended(txn, tid)
        if found is not None:
            return found
        for index in self.indexes.values():
            if index.info.unique and self._conflicting(row, index, tid) is not None:
                raise UniqueViolation(f'duplicate key value violates unique constraint "{index.info.name}"')
        new = self._add(txn, row)
        self.versions[tid][2:] = [txn.command, new]
        return Outcome(0, new)

    def delete(self, txn, tid: int, snapshot: int) -> Outcome:
        found = self._ended(txn, tid)
        if found is not None:
            return found
        self.versions[tid][2] = txn.command
        return Outcome(0, tid)

    def lock(self, txn, tid: int, strength: str, snapshot: int, wait: str = "block") -> Outcome:
        scripted = self._scripted()
        if scripted is not None:
            return scripted
        _, made, ended, following = self.versions[tid]
        if made == txn.command:
            return Outcome(2)
        if ended is not None:
            return Outcome(3, following) if following is not None else Outcome(4)
        return Outcome(0, tid)


class MemoryTransaction:
    def __init__(self, isolation: str = "read committed") -> None:
        self.isolation = isolation
        self.command = 1
        self.xid = 7
        self.waited: list[int] = []

    def snapshot(self) -> int:
        return self.command + 1

    def release_snapshot(self, snapshot: int) -> None:
        pass

    def wait_for(self, xid: int, timeout: float | None = None) -> None:
        self.waited.append(xid)


class MemoryCatalog:
    """CatalogReader over Relations made by `table`."""

    version = 1

    def __init__(self) -> None:
        self.relations: dict[int, Relation] = {}
        self._next = 16384

    def oid(self) -> int:
        self._next += 1
        return self._next

    def table(self, name: str, columns: str, unique: tuple = (), indexes: tuple = (), primary: str = "", checks: dict | None = None):
        """columns: "a int4 not null, b text default 'x'"; unique and indexes: column lists like "a,b desc"."""
        oid = self.oid()
        made = []
        for number, spec in enumerate(columns.split(","), 1):
            words = spec.split()
            default = spec.split(" default ", 1)[1].strip() if " default " in spec else None
            generated = "s" if " generated " in spec else ""
            if generated:
                default = spec.split(" generated ", 1)[1].strip()
            made.append(
                Column(number, words[0], BY_NAME[words[1]].oid, not_null="not null" in spec or words[0] in primary.split(","),
                       default=default, generated=generated)
            )  # fmt: skip
        relation = Relation(oid, name, 2200, "public", "r", oid, 10, made)
        relation.by_name = {c.name: c for c in made}
        keys = [(primary, True, True)] if primary else []
        keys += [(k, True, False) for k in unique] + [(k, False, False) for k in indexes]
        for key, is_unique, is_primary in keys:
            parts = [p.split() for p in key.split(",")]
            attnos = tuple(relation.by_name[p[0]].attno for p in parts)
            options = tuple(3 if "desc" in p else 0 for p in parts)
            index_name = f"{name}_pkey" if is_primary else f"{name}_{'_'.join(p[0] for p in parts)}_{'key' if is_unique else 'idx'}"
            info = IndexInfo(
                self.oid(), index_name, oid, 0, attnos, unique=is_unique, primary=is_primary, key_count=len(attnos), options=options
            )
            relation.indexes.append(info)
            if is_unique:
                kind = "p" if is_primary else "u"
                relation.constraints.append(Constraint(self.oid(), index_name, kind, attnos, index_oid=info.oid))
        for check_name, text in (checks or {}).items():
            relation.constraints.append(Constraint(self.oid(), check_name, "c", expression=text))
        self.relations[oid] = relation
        return relation

    def relation_by_name(self, schema, name, position=0):
        return next((r for r in self.relations.values() if r.name == name), None)

    def need_relation(self, schema, name, position=0):
        found = self.relation_by_name(schema, name)
        if found is None:
            raise UndefinedTable(f'relation "{name}" does not exist', position=position)
        return found

    def relation(self, oid):
        return self.relations.get(oid)

    def index(self, oid):
        return next((i for r in self.relations.values() for i in r.indexes if i.oid == oid), None)

    def schema_oid(self, name):
        return {"public": 2200, "pg_catalog": 11}.get(name)

    def schema_name(self, oid):
        return {2200: "public", 11: "pg_catalog"}.get(oid)

    def search_path(self):
        return ["pg_catalog", "public"]

    def type_by_oid(self, oid):
        return TYPES[oid]

    def type_by_name(self, schema, name):
        return BY_NAME.get(name)

    def role_oid(self, name):
        return 10

    def role_name(self, oid):
        return "postgres"

    def database_name(self):
        return "postgres"

    def database_oid(self):
        return 5


class World:
    """A database in memory: `world.run("SELECT …", params)` gives the rows."""

    def __init__(self) -> None:
        self.catalog = MemoryCatalog()
        self.tables: dict[int, MemoryTable] = {}
        self.settings: dict[str, Any] = {}
        self.transaction = MemoryTransaction()
        self.processed = 0
        self.source = ""

    # what ExecContext.instance offers
    def table(self, relation: Relation) -> MemoryTable:
        found = self.tables.get(relation.oid)
        if found is None:
            found = self.tables[relation.oid] = MemoryTable(relation)
        return found

    def create(self, name: str, columns: str, **options) -> MemoryTable:
        return self.table(self.catalog.table(name, columns, **options))

    def analyzed(self, name: str, rows: float, pages: int) -> None:
        relation = self.catalog.relation_by_name(None, name)
        relation.tuples, relation.pages = float(rows), pages
        for index in relation.indexes:
            index.tuples, index.pages = float(rows), max(1, pages // 5)

    def plan(self, text: str, param_types=()):
        source = Source(text)
        tree, params = parse_query(source, *source.statements()[0])
        query = bind(QueryStatement("select", tree, params, source), self.catalog, list(param_types))
        return plan(query, self.catalog, self.settings)

    def prepare(self, text: str, param_types=()):
        return compile_plan(self.plan(text, param_types))

    def context(self, params=(), transaction=None) -> ExecContext:
        transaction = transaction or self.transaction
        return ExecContext(self, None, transaction, transaction.command, tuple(params), EvalContext())

    def execute(self, executable, params=()):
        self.source = executable.source
        self.transaction.command += 1
        ctx = self.context(params)
        before = {oid: [list(v) for v in t.versions] for oid, t in self.tables.items()}
        try:
            rows = list(executable.run(ctx))
        except BaseException:
            for oid, versions in before.items():
                self.tables[oid].restore(versions)
            raise
        self.processed = ctx.processed
        return rows

    def run(self, text: str, params=(), param_types=()):
        return self.execute(self.prepare(text, param_types), params)
