"""A server's reply as the lines of a golden script.

    lines_of(reply)   ["| a int4 | b varchar(5)", "| 1 | ∅", "= SELECT 1"]

Column types are names where they are PostgreSQL's built-in ones, numbers otherwise; a type modifier stands in
parentheses as it came. Of an error: severity, SQLSTATE, message, then detail, hint, position, context and the names
of what it is about, one a line.

Not here: the source positions in errors (fields F, L, R), which are PostgreSQL's own files.
"""

from __future__ import annotations

from tests.support.pgwire import Reply, Result, ResultColumn

NULL = "∅"
TYPE_NAMES = {
    16: "bool", 17: "bytea", 18: '"char"', 19: "name", 20: "int8", 21: "int2", 22: "int2vector", 23: "int4",
    24: "regproc", 25: "text", 26: "oid", 27: "tid", 28: "xid", 29: "cid", 30: "oidvector", 114: "json", 142: "xml",
    194: "pg_node_tree", 199: "json[]", 700: "float4", 701: "float8", 705: "unknown", 869: "inet", 1000: "bool[]",
    1001: "bytea[]", 1002: '"char"[]', 1003: "name[]", 1005: "int2[]", 1007: "int4[]", 1009: "text[]", 1014: "char[]",
    1015: "varchar[]", 1016: "int8[]", 1021: "float4[]", 1022: "float8[]", 1028: "oid[]", 1034: "aclitem[]",
    1042: "char", 1043: "varchar", 1082: "date", 1083: "time", 1114: "timestamp", 1115: "timestamp[]", 1182: "date[]",
    1183: "time[]", 1184: "timestamptz", 1185: "timestamptz[]", 1186: "interval", 1187: "interval[]", 1231: "numeric[]",
    1266: "timetz", 1560: "bit", 1562: "varbit", 1700: "numeric", 2202: "regprocedure", 2203: "regoper",
    2204: "regoperator", 2205: "regclass", 2206: "regtype", 2249: "record", 2277: "anyarray", 2278: "void",
    2287: "record[]", 2950: "uuid", 2951: "uuid[]", 3802: "jsonb", 3807: "jsonb[]", 4089: "regnamespace",
    4096: "regrole",
}  # fmt: skip
ERROR_DETAILS = (("D", "detail"), ("H", "hint"), ("P", "at"), ("W", "context"), ("q", "query"), ("p", "query at"),
                 ("s", "schema"), ("t", "table"), ("c", "column"), ("d", "type"), ("n", "constraint"))  # fmt: skip


def lines_of(reply: Reply) -> list[str]:
    lines = [line for notice in reply.notices for line in _message("~", notice)]
    if reply.parameters:
        lines.append(": " + ", ".join(type_name(oid) for oid in reply.parameters))
    for result in reply.results:
        lines += _result(result)
    return lines


def _result(result: Result) -> list[str]:
    lines = []
    if result.columns is not None:
        lines.append(_row(_column(column) for column in result.columns))
        lines += [_row(_value(value) for value in row) for row in result.rows]
    for chunk in result.copied:
        lines.append("| " + escaped(chunk.decode()))
    if result.error:
        lines += _message("!", result.error)
    if result.tag is not None:
        lines.append(f"= {result.tag}")
    if result.empty:
        lines.append("= (empty)")
    return lines


def _row(texts) -> str:
    return ("| " + " | ".join(texts)).rstrip() if texts else "|"


def _column(column: ResultColumn) -> str:
    modifier = f"({column.typmod})" if column.typmod >= 0 else ""
    return f"{escaped(column.name)} {type_name(column.type_oid)}{modifier}"


def _value(value: str | None) -> str:
    return NULL if value is None else escaped(value)


def escaped(text: str) -> str:
    """One line, whatever is in it; long values shortened in the middle."""
    text = text.replace("\\", "\\\\") if "\n" in text or "\r" in text else text
    text = text.replace("\n", "\\n").replace("\r", "\\r")
    if len(text) > 2000:
        text = f"{text[:100]}…{len(text)} characters…{text[-100:]}"
    return text


def type_name(oid: int) -> str:
    return TYPE_NAMES.get(oid, str(oid) if oid < 16384 else "own")


def _message(mark: str, fields: dict[str, str]) -> list[str]:
    lines = [f"{mark} {fields.get('S')} {fields.get('C')}: {escaped(fields.get('M', ''))}"]
    for letter, name in ERROR_DETAILS:
        if letter in fields:
            lines.append(f"{mark}   {name}: {escaped(fields[letter])}")
    return lines
