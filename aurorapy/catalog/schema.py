"""The shape of the system catalogs: tables, columns, indexes, as PostgreSQL 15 has them.

Read once from data/relations.tsv, a plain list of facts:

    table   pg_class  1259  83  -          name, OID, row type OID, shared or -
    column  relname   name  notnull        in attribute order
    index   pg_class_oid_index  2662  primary  oid

Not here: the rows (`seed`), how they are stored (`bootstrap`, `store`).
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from aurorapy.records import dataclass, field
from aurorapy.types.builtin import BY_NAME
from aurorapy.types.model import Type


@dataclass(frozen=True, slots=True)
class CatalogColumn:
    attno: int
    name: str
    type: Type
    not_null: bool


@dataclass(frozen=True, slots=True)
class CatalogIndex:
    name: str
    oid: int
    unique: bool
    primary: bool
    columns: tuple[int, ...]  # attnos


@dataclass(slots=True)
class CatalogTable:
    name: str
    oid: int
    row_type: int
    shared: bool
    columns: list[CatalogColumn] = field(default_factory=list)
    indexes: list[CatalogIndex] = field(default_factory=list)
    position: dict[str, int] = field(default_factory=dict)  # column name → index in a row tuple
    defaults: list = field(default_factory=list)  # of a row of which nothing is given; filled by `rows`


# Catalogs of features this server does not have and no client asks for; their column types do not exist here.
LEFT_OUT = {"pg_statistic_ext_data"}
# Types of catalog columns that are kept as text because nothing but catalogs uses them.
AS_TEXT = {"anyarray": "_text", "pg_node_tree": "text"}


@lru_cache(maxsize=1)
def catalog_tables() -> dict[str, CatalogTable]:
    """All system catalogs by name."""
    tables: dict[str, CatalogTable] = {}
    table: CatalogTable | None = None
    text = files("aurorapy.catalog").joinpath("data/relations.tsv").read_text()
    for line in text.splitlines():
        kind, name, *rest = line.split("\t")
        if kind == "table":
            table = CatalogTable(name, int(rest[0]), int(rest[1]), rest[2] == "shared")
            if name not in LEFT_OUT:
                tables[name] = table
        elif kind == "column":
            attno = len(table.columns) + 1
            column_type = BY_NAME.get(rest[0]) or BY_NAME[AS_TEXT.get(rest[0], "text")]
            table.columns.append(CatalogColumn(attno, name, column_type, rest[1] == "notnull"))
            table.position[name] = attno - 1
        else:
            columns = tuple(table.position[c] + 1 for c in rest[2].split(","))
            table.indexes.append(CatalogIndex(name, int(rest[0]), rest[1] != "plain", rest[1] == "primary", columns))
    return tables


@lru_cache(maxsize=1)
def catalog_tables_by_oid() -> dict[int, CatalogTable]:
    return {t.oid: t for t in catalog_tables().values()}


def data_lines(name: str) -> list[list[str]]:
    """The fields of every line of data/<name>.tsv."""
    text = files("aurorapy.catalog").joinpath(f"data/{name}.tsv").read_text()
    return [line.split("\t") for line in text.splitlines() if line]
