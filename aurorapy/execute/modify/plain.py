"""INSERT of plain rows: values, constants and nothing to compute, so that text becomes rows without Python in between.

    COPY t (a, c) FROM STDIN                  a ← field 0, b ← its default 7, c ← field 1
    INSERT INTO t (a, c) VALUES ($1, $2)      the same, when each parameter goes into its column as it is

    plain = plain_insert(plan, {1: 0, 3: 1})       None: the plan has more in it than that
    plain.row_text(codec)                          reads text in C (aurorapy_native.row_text)
    plain.row((1, "x"), ectx)                      the same for values

A plan is plain when it has no CHECK constraint, generated column, RETURNING, ON CONFLICT or default that must be computed
for each row.

Errors: 23502 for a NULL where none may be.
"""

from __future__ import annotations

from typing import Any

from aurorapy.execute.modify.constraints import raise_not_null
from aurorapy.expressions.nodes import Call, Const, Param
from aurorapy.records import dataclass
from aurorapy.sql.plan import nodes
from aurorapy.types.builtin import BY_NAME
from aurorapy_native.row_text import RowText
from aurorapy_native.tuples import RowCodec

# What RowText knows about the text of a type.
KINDS = {
    BY_NAME[name].oid: kind
    for name, kind in {
        "bool": "b", "int2": "2", "int4": "4", "int8": "8", "text": "t", "varchar": "v", "bpchar": "p", "numeric": "n",
        "float8": "d", "date": "D", "timestamp": "T", "timestamptz": "Z", "uuid": "g",
    }.items()
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlainInsert:
    """Of each column of `relation`: the number of its field or None, its value where it has none."""

    relation: Any
    fields: int
    sources: tuple[int | None, ...]
    constants: tuple[Any, ...]
    required: tuple[int, ...]  # attnos

    def row_text(self, codec: RowCodec) -> RowText:
        columns = self.relation.columns
        return RowText(
            codec, self.fields, self.sources, tuple(KINDS.get(c.type_oid, "") for c in columns),
            tuple(c.typmod for c in columns), self.constants, tuple(c.attno in self.required for c in columns),
        )  # fmt: skip

    def row(self, values: tuple, ectx: Any) -> tuple:
        """The whole row that the fields' values make."""
        row = tuple([c if s is None else values[s] for s, c in zip(self.sources, self.constants)])
        if None in row and any(row[attno - 1] is None for attno in self.required):
            given = frozenset(attno for attno, source in enumerate(self.sources, 1) if source is not None)
            raise_not_null(ectx, self.relation, row, self.required, given)
        return row


def plain_insert(plan: Any, fields: dict[int, int], count: int) -> PlainInsert | None:
    """`fields`: numbers of the fields, of `count`, by attno. None when the plan is not plain."""
    node = plan.root
    if not isinstance(node, nodes.Modify) or node.kind != "insert" or plan.ctes:
        return None
    if node.checks or node.generated or node.returning or node.conflict is not None:
        return None
    if type(node.child) is not nodes.Result or node.child.child is not None:
        return None
    sources: list[int | None] = []
    constants: list[Any] = []
    for column, value in zip(node.relation.columns, node.values):
        field = fields.get(column.attno)
        if field is None and type(value) is not Const:
            return None
        sources.append(field)
        constants.append(value.value if field is None else None)
    required = tuple(c.attno for c in node.relation.columns if c.not_null and not c.dropped)
    return PlainInsert(node.relation, count, tuple(sources), tuple(constants), required)


def fields_of_parameters(plan: Any) -> dict[int, int] | None:
    """Attno → field, when each column is given by one parameter ($1 is field 0) and nothing but its type's modifier."""
    found: dict[int, int] = {}
    node = plan.root
    if not isinstance(node, nodes.Modify):
        return None
    for column, value in zip(node.relation.columns, node.values):
        if type(value) is Const:
            continue
        if type(value) is Call and value.form == "implicit" and value.typmod == column.typmod:
            value = value.args[0]  # which the call only fits to the column's length
        if type(value) is not Param or value.type_oid != column.type_oid:
            return None
        found[column.attno] = value.number - 1
    return found if len(set(found.values())) == len(found) else None
