"""Definitions of catalog objects as text, and facts about them, for one session (expressions.context.Definitions).

    pg_get_indexdef('t_pkey'::regclass)  →  CREATE UNIQUE INDEX t_pkey ON public.t USING btree (id)
    pg_get_constraintdef(16400)          →  CHECK ((n > 0))

Stored expressions are bound again and printed under the session's search_path, so names are qualified only where they
must be. Privileges are answered by `session.privileges`.

Errors: none for an OID that names nothing: the answer is NULL.
"""

from __future__ import annotations

from typing import Any

from aurorapy.catalog.model import Constraint, IndexInfo, Relation
from aurorapy.catalog.schema import catalog_tables
from aurorapy.errors import DatabaseError, UndefinedColumn
from aurorapy.instance.sizes import relation_bytes
from aurorapy.session.privileges import Privileges
from aurorapy.sql.bind import bind, bind_expression
from aurorapy.sql.deparse import deparse, query_text
from aurorapy.sql.parse import parse
from aurorapy.types.builtin import TYPES
from aurorapy.types.identifiers import quote_identifier, split_identifiers

_ACTIONS = {"r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_MATCHES = {"f": " MATCH FULL", "p": " MATCH PARTIAL"}
# kind of is_visible → (catalog, name column, schema column)
_NAMED = {
    "type": ("pg_type", "typname", "typnamespace"), "function": ("pg_proc", "proname", "pronamespace"),
    "operator": ("pg_operator", "oprname", "oprnamespace"), "opclass": ("pg_opclass", "opcname", "opcnamespace"),
    "opfamily": ("pg_opfamily", "opfname", "opfnamespace"), "collation": ("pg_collation", "collname", "collnamespace"),
    "conversion": ("pg_conversion", "conname", "connamespace"), "ts_config": ("pg_ts_config", "cfgname", "cfgnamespace"),
    "statistics": ("pg_statistic_ext", "stxname", "stxnamespace"), "ts_dict": ("pg_ts_dict", "dictname", "dictnamespace"),
    "ts_parser": ("pg_ts_parser", "prsname", "prsnamespace"),
    "ts_template": ("pg_ts_template", "tmplname", "tmplnamespace"),
}  # fmt: skip


class SessionDefinitions(Privileges):
    def __init__(self, session: Any) -> None:
        super().__init__(session)
        self._session = session

    @property
    def _catalog(self) -> Any:
        return self._session.catalog

    def _reader(self) -> Any:
        return self._session.catalog.reader()

    # -- expressions ---------------------------------------------------------------------------------------------------
    def expression(self, text: str, relation: int, pretty: bool) -> str | None:
        if text == "<>":
            return None
        found = self._catalog.relation(relation) if relation else None
        if relation and found is None:
            return None
        if "\x1f" in text:  # several index expressions
            return ", ".join(self._shown(part, found, pretty) for part in text.split("\x1f"))
        return self._shown(text, found, pretty)

    def _shown(self, text: str, relation: Relation | None, pretty: bool = False) -> str:
        column = next((c for c in relation.columns if c.default == text), None) if relation is not None else None
        target = (column.type_oid, column.typmod) if column is not None else None
        try:
            expr = bind_expression(text, relation, self._catalog, "", target, context=self._session.eval.type_context)
        except DatabaseError:
            return text
        return deparse(expr, self._session.eval.type_context, self._catalog, pretty=pretty)

    # -- indexes -------------------------------------------------------------------------------------------------------
    def index(self, oid: int, column: int, pretty: bool) -> str | None:
        index = self._catalog.index(oid)
        if index is None:
            return None
        table = self._catalog.relation(index.table_oid)
        columns = [self._index_column(index, table, i, pretty) for i in range(len(index.columns))]
        if column:
            return columns[column - 1] if column <= len(columns) else ""
        keys = [c + self._index_options(index, table, i) for i, c in enumerate(columns[: index.key_count])]
        unique = "UNIQUE " if index.unique else ""
        name = self._relation_name(table, qualified=not pretty)
        text = f"CREATE {unique}INDEX {quote_identifier(index.name)} ON {name} USING btree ({', '.join(keys)})"
        included = columns[index.key_count :]
        if included:
            text += f" INCLUDE ({', '.join(included)})"
        if index.nulls_not_distinct:
            text += " NULLS NOT DISTINCT"
        options = self._catalog.relation(oid).options
        if options:
            text += f" WITH ({', '.join(_option(o) for o in options)})"
        if index.predicate:
            predicate = self._shown(index.predicate, table, pretty)
            text += f" WHERE {predicate}"
        return text

    def _index_column(self, index: IndexInfo, table: Relation, place: int, pretty: bool) -> str:
        attno = index.columns[place]
        if attno:
            return quote_identifier(table.columns[attno - 1].name)
        number = sum(1 for a in index.columns[:place] if not a)
        text = self._shown(index.expressions[number], table, pretty)
        return text if _is_function_call(text) else f"({text})"

    def _index_options(self, index: IndexInfo, table: Relation, place: int) -> str:
        text = ""
        attno = index.columns[place]
        if attno and place < len(index.collations):
            collation = index.collations[place]
            if collation and collation != table.columns[attno - 1].collation:
                text += f" COLLATE {self._collation_name(collation)}"
        if place < len(index.opclasses):
            row = self._reader().one("pg_opclass", oid=index.opclasses[place])
            if row is not None and not row.opcdefault:
                text += f" {quote_identifier(row.opcname)}"
        option = index.options[place] if place < len(index.options) else 0
        if option & 1:
            text += " DESC" + ("" if option & 2 else " NULLS LAST")
        elif option & 2:
            text += " NULLS FIRST"
        return text

    def _collation_name(self, oid: int) -> str:
        row = self._reader().one("pg_collation", oid=oid)
        return quote_identifier(row.collname) if row is not None else str(oid)

    def _relation_name(self, relation: Relation, qualified: bool) -> str:
        if qualified:
            return f"{quote_identifier(relation.schema)}.{quote_identifier(relation.name)}"
        return self._catalog.visible_name(relation.oid)

    # -- constraints ---------------------------------------------------------------------------------------------------
    def constraint(self, oid: int, pretty: bool) -> str | None:
        row = self._reader().one("pg_constraint", oid=oid)
        table = self._catalog.relation(row.conrelid) if row is not None else None
        found = next((k for k in table.constraints if k.oid == oid), None) if table is not None else None
        if found is None:
            return None
        if found.kind == "c":
            text = self._check(found, table, pretty)
        elif found.kind in "pu":
            text = self._key(found, table)
        else:
            text = self._foreign(found, table, pretty)
        if found.deferrable:
            text += " DEFERRABLE"
        if found.deferred:
            text += " INITIALLY DEFERRED"
        if not found.validated:
            text += " NOT VALID"
        return text

    def _check(self, found: Constraint, table: Relation, pretty: bool) -> str:
        return f"CHECK ({self._shown(found.expression, table, pretty)})" + (" NO INHERIT" if found.no_inherit else "")

    def _key(self, found: Constraint, table: Relation) -> str:
        index = next((i for i in table.indexes if i.oid == found.index_oid), None)
        names = [quote_identifier(table.columns[a - 1].name) for a in found.columns]
        words = "PRIMARY KEY" if found.kind == "p" else "UNIQUE"
        if index is not None and index.nulls_not_distinct:
            words += " NULLS NOT DISTINCT"
        text = f"{words} ({', '.join(names)})"
        if index is None:
            return text
        included = [quote_identifier(table.columns[a - 1].name) for a in index.columns[index.key_count :]]
        if included:
            text += f" INCLUDE ({', '.join(included)})"
        options = self._catalog.relation(index.oid).options
        if options:
            text += f" WITH ({', '.join(_option(o) for o in options)})"
        return text

    def _foreign(self, found: Constraint, table: Relation, pretty: bool) -> str:
        other = self._catalog.relation(found.foreign_table)
        ours = ", ".join(quote_identifier(table.columns[a - 1].name) for a in found.columns)
        theirs = ", ".join(quote_identifier(other.columns[a - 1].name) for a in found.foreign_columns)
        text = f"FOREIGN KEY ({ours}) REFERENCES {self._relation_name(other, qualified=not pretty)}({theirs})"
        if pretty:
            text = f"FOREIGN KEY ({ours}) REFERENCES {self._catalog.visible_name(other.oid)}({theirs})"
        text += _MATCHES.get(found.match, "")
        if found.on_update in _ACTIONS:
            text += f" ON UPDATE {_ACTIONS[found.on_update]}"
        if found.on_delete in _ACTIONS:
            text += f" ON DELETE {_ACTIONS[found.on_delete]}"
        return text

    # -- views, rules, functions ---------------------------------------------------------------------------------------
    def view(self, oid: int, pretty: bool) -> str | None:
        view = self._catalog.relation(oid)
        if view is None:
            return None
        if view.kind != "v" or not view.view_sql:
            return "Not a view"
        try:
            query = bind(parse(view.view_sql)[0], self._catalog, (), self._session.eval.type_context)
            names = [c.name for c in view.live_columns()]
            return query_text(query, self._catalog, pretty=pretty, names=names) + ";"
        except DatabaseError:
            return view.view_sql + ";"

    def rule(self, oid: int, pretty: bool) -> str | None:
        row = self._reader().one("pg_rewrite", oid=oid)
        if row is None:
            return None
        view = self._catalog.relation(row.ev_class)
        body = self.view(row.ev_class, pretty)
        name = self._relation_name(view, qualified=not pretty)
        return f'CREATE RULE "{row.rulename}" AS\n    ON SELECT TO {name} DO INSTEAD {body}'

    def trigger(self, oid: int, pretty: bool) -> str | None:
        return None

    def function(self, oid: int) -> str | None:
        row = self._reader().one("pg_proc", oid=oid)
        if row is None:
            return None
        if row.prokind == "a":
            raise DatabaseError(f'"{row.proname}" is an aggregate function', sqlstate="42809")
        schema = self._catalog.schema_name(row.pronamespace)
        words = []
        if row.prokind == "w":
            words.append("WINDOW")
        words += {"i": ["IMMUTABLE"], "s": ["STABLE"]}.get(row.provolatile, [])
        words += {"s": ["PARALLEL SAFE"], "r": ["PARALLEL RESTRICTED"]}.get(row.proparallel, [])
        if row.proisstrict:
            words.append("STRICT")
        if row.proleakproof:
            words.append("LEAKPROOF")
        return (
            f"CREATE OR REPLACE FUNCTION {quote_identifier(schema)}.{quote_identifier(row.proname)}"
            f"({self.function_arguments(oid, False)})\n RETURNS {self.function_result(oid)}\n LANGUAGE internal\n "
            f"{' '.join(words)}\nAS $function${row.prosrc}$function$\n"
        )

    def function_arguments(self, oid: int, identity: bool) -> str | None:
        row = self._reader().one("pg_proc", oid=oid)
        if row is None:
            return None
        types = list(row.proallargtypes.items) if row.proallargtypes is not None else list(row.proargtypes.items)
        modes = list(row.proargmodes.items) if row.proargmodes is not None else ["i"] * len(types)
        names = list(row.proargnames.items) if row.proargnames is not None else [""] * len(types)
        shown = []
        for place, (type_oid, mode, name) in enumerate(zip(types, modes, names)):
            if mode == "t" or identity and mode == "o":
                continue
            words = {"o": "OUT ", "b": "INOUT ", "v": "VARIADIC "}.get(mode, "")
            if row.provariadic and mode == "i" and place == row.pronargs - 1:
                words = "VARIADIC "
            if name:
                words += quote_identifier(name) + " "
            shown.append(words + self._catalog.format_type(type_oid))
        return ", ".join(shown)

    def function_result(self, oid: int) -> str | None:
        row = self._reader().one("pg_proc", oid=oid)
        if row is None or row.prokind == "p":
            return None
        if row.proargmodes is not None and "t" in row.proargmodes.items:
            names = row.proargnames.items
            columns = [
                f"{quote_identifier(names[i])} {self._catalog.format_type(row.proallargtypes.items[i])}"
                for i, mode in enumerate(row.proargmodes.items)
                if mode == "t"
            ]
            return f"TABLE({', '.join(columns)})"
        return ("SETOF " if row.proretset else "") + self._catalog.format_type(row.prorettype)

    # -- comments and names --------------------------------------------------------------------------------------------
    def comment(self, oid: int, catalog: str, column: int) -> str | None:
        reader = self._reader()
        if not catalog:
            rows = [r for r in reader.find("pg_description", objoid=oid) if r.objsubid == column]
            return rows[0].description if rows else None
        table = catalog_tables().get(catalog)
        if table is None:
            return None
        if table.shared:
            row = reader.one("pg_shdescription", objoid=oid, classoid=table.oid)
        else:
            row = reader.one("pg_description", objoid=oid, classoid=table.oid, objsubid=column)
        return row.description if row is not None else None

    def serial_sequence(self, table: str, column: str) -> str | None:
        parts = split_identifiers(table)
        relation = self._catalog.need_relation(parts[-2] if len(parts) > 1 else None, parts[-1])
        found = relation.by_name.get(column)
        if found is None:
            raise UndefinedColumn(f'column "{column}" of relation "{relation.name}" does not exist')
        reader = self._reader()
        for row in reader.find("pg_depend", refclassid=1259, refobjid=relation.oid, refobjsubid=found.attno):
            if row.classid == 1259 and row.deptype in "ai":
                owned = self._catalog.relation(row.objid)
                if owned is not None and owned.kind == "S":
                    return self._relation_name(owned, qualified=True)
        return None

    def is_visible(self, kind: str, oid: int) -> bool | None:
        if kind == "table":
            relation = self._catalog.relation(oid)
            if relation is None:
                return None
            found = self._catalog.relation_by_name(None, relation.name)
            return found is not None and found.oid == oid
        if kind == "type" and oid in TYPES:
            return True
        table, name, schema = _NAMED[kind]
        row = self._reader().one(table, oid=oid)
        if row is None:
            return None
        path = [self._catalog.schema_oid(s) for s in self._catalog.search_path()]
        own = getattr(row, schema)
        if own not in path:
            return False
        if own == path[0]:
            return True
        before = set(path[: path.index(own)])
        return not any(getattr(r, schema) in before for r in self._reader().find(table, **{name: getattr(row, name)}))

    # -- sizes ---------------------------------------------------------------------------------------------------------
    def _size(self, root: int) -> int:
        return relation_bytes(self._session.instance, root)

    def relation_size(self, oid: int, what: str) -> int | None:
        relation = self._catalog.relation(oid)
        if relation is None:
            return None
        size = self._size
        own = size(relation.root)
        if what == "main":
            return own
        if what in ("fsm", "vm", "init"):
            return 0
        indexes = sum(size(i.root) for i in relation.indexes)
        if what == "indexes":
            return indexes
        table = own + size(relation.toast_root)
        return table if what == "table" else table + indexes

    def database_size(self, oid: int | str) -> int | None:
        """By OID or name. 3D000 for a name that is none."""
        reader = self._reader()
        if isinstance(oid, str):
            if reader.one("pg_database", datname=oid) is None:
                raise DatabaseError(f'database "{oid}" does not exist', sqlstate="3D000")
        elif reader.one("pg_database", oid=oid) is None:
            return None
        return sum(self._size(row.relfilenode) for row in reader.scan("pg_class") if row.relfilenode)

    def tablespace_size(self, oid: int | str) -> int | None:
        if isinstance(oid, str):
            row = self._reader().one("pg_tablespace", spcname=oid)
            if row is None:
                raise DatabaseError(f'tablespace "{oid}" does not exist', sqlstate="42704")
            oid = row.oid
        return self.database_size(self._catalog.database_oid()) if oid == 1663 else 0


def _option(text: str) -> str:
    """`fillfactor=70` → `fillfactor='70'`"""
    name, _, value = text.partition("=")
    return f"{name}='{value}'"


def _is_function_call(text: str) -> bool:
    """`lower(name)` stands without brackets in an index definition."""
    head, bracket, _ = text.partition("(")
    if not bracket or not head.replace("_", "a").replace(".", "a").isalnum() or not text.endswith(")"):
        return False
    depth = 0
    for place, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0 and char == ")":
            return place == len(text) - 1
    return False
