"""A catalog in memory for the binder's tests: tables declared in a line, no storage below.

    catalog = FakeCatalog().table("t", "id int4 primary key", "name text", "n numeric(10,2)")

Not here: anything that changes.
"""

from __future__ import annotations

from aurorapy.catalog.model import Column, Constraint, IndexInfo, Relation
from aurorapy.errors import UndefinedTable
from aurorapy.types.builtin import BY_NAME, TYPES
from aurorapy.types.model import TypeContext
from aurorapy.types.names import resolve


class FakeCatalog:
    version = 1

    def __init__(self) -> None:
        self.type_context = TypeContext(catalog=self)
        self.relations: dict[tuple[str, str], Relation] = {}
        self.next_oid = 16384
        self.schemas = {"pg_catalog": 11, "public": 2200, "other": 16000}

    def _oid(self) -> int:
        self.next_oid += 1
        return self.next_oid

    def table(self, name: str, *columns: str, schema: str = "public", **facts) -> FakeCatalog:
        relation = Relation(self._oid(), name, self.schemas[schema], schema, facts.pop("kind", "r"), 1, 10, row_type=self._oid(), **facts)
        for attno, text in enumerate(columns, 1):
            self._column(relation, attno, text)
        relation.by_name = {c.name: c for c in relation.columns}
        self.relations[schema, name] = relation
        return self

    def _column(self, relation: Relation, attno: int, text: str) -> None:
        name, _, rest = text.partition(" ")
        default = None
        if " default " in rest:
            rest, _, default = rest.partition(" default ")
        words = rest.split()
        oid, typmod = resolve(words[0])
        column = Column(attno, name, oid, typmod, "primary" in words or "not" in words, default)
        if "always" in words or "by" in words:
            column.identity = "a" if "always" in words else "d"
        if "generated" in words:
            column.generated = "s"
        relation.columns.append(column)
        if "primary" in words or "unique" in words:
            self.index(relation, (attno,), primary="primary" in words)

    def index(self, relation: Relation, columns: tuple[int, ...], primary: bool = False, **facts) -> None:
        name = f"{relation.name}_{'pkey' if primary else 'key'}"
        index = IndexInfo(self._oid(), name, relation.oid, 1, columns, unique=True, primary=primary, key_count=len(columns), **facts)
        relation.indexes.append(index)
        relation.constraints.append(Constraint(self._oid(), name, "p" if primary else "u", columns, index_oid=index.oid))

    # -- CatalogReader -------------------------------------------------------------------------------------------------
    def relation_by_name(self, schema, name, position=0):
        for candidate in [schema] if schema else self.search_path():
            if (candidate, name) in self.relations:
                return self.relations[candidate, name]
        return None

    def need_relation(self, schema, name, position=0):
        found = self.relation_by_name(schema, name)
        if found is None:
            raise UndefinedTable(f'relation "{name}" does not exist', position=position)
        return found

    def relation(self, oid):
        return next((r for r in self.relations.values() if r.oid == oid), None)

    def index_by_oid(self, oid):
        return next((i for r in self.relations.values() for i in r.indexes if i.oid == oid), None)

    def schema_oid(self, name):
        return self.schemas.get(name)

    def schema_name(self, oid):
        return next((n for n, o in self.schemas.items() if o == oid), None)

    def search_path(self):
        return ["pg_catalog", "public"]

    def type_by_oid(self, oid):
        return TYPES[oid]

    def type_by_name(self, schema, name):
        return BY_NAME.get(name) if schema in (None, "pg_catalog") else None

    def parse_type_name(self, text):
        return resolve(text)

    def reg_in(self, kind, text):
        return self.need_relation(None, text).oid

    def reg_out(self, kind, oid):
        return self.relation(oid).name

    def role_oid(self, name):
        return 10 if name == "postgres" else None

    def role_name(self, oid):
        return "postgres" if oid == 10 else None

    def database_name(self):
        return "postgres"

    def database_oid(self):
        return 5
