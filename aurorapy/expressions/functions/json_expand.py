"""JSON into rows: each, array_elements, object_keys, to_record(set), populate_record(set).

    jsonb_each('{"a": 1}') → ('a', 1)      json_array_elements_text('["x", null]') → x, NULL

Errors: 22023 when the JSON has another shape.

Not here: access to single values (`jsonb`). jsonpath (`jsonb_path_query`) is not supported.
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DataError
from aurorapy.expressions.functions.jsonb import json_as_text, json_kind, json_members, text_of
from aurorapy.expressions.registry import function
from aurorapy.types.jsonb import from_tree, to_tree
from aurorapy.types.values import Record


def _need_array(text: str, name: str, jsonb: bool = True) -> None:
    kind = json_kind(text)
    if kind == "array":
        return
    if jsonb:
        what = "an object" if kind == "object" else "a scalar"
        raise DataError(f"cannot extract elements from {what}", sqlstate="22023")
    if kind == "object":
        raise DataError(f"cannot call {name} on a non-array", sqlstate="22023")
    raise DataError(f"cannot call {name} on a scalar", sqlstate="22023")


def _need_object(text: str, name: str, keys: bool = False) -> None:
    kind = json_kind(text)
    if kind != "object":
        if keys:
            what = "an array" if kind == "array" else "a scalar"
            raise DataError(f"cannot call {name} on {what}", sqlstate="22023")
        raise DataError(f"cannot call {name} on a non-object", sqlstate="22023")


@function("jsonb_array_elements(from_json jsonb) setof (value jsonb)", 3219, rows=100)
def jsonb_array_elements(value: str):
    _need_array(value, "jsonb_array_elements")
    return map(from_tree, to_tree(value))


@function("jsonb_array_elements_text(from_json jsonb) setof (value text)", 3465, rows=100)
def jsonb_array_elements_text(value: str):
    _need_array(value, "jsonb_array_elements_text")
    return map(text_of, to_tree(value))


@function("json_array_elements(from_json json) setof (value json)", 3955, rows=100)
def json_array_elements(value: str):
    _need_array(value, "json_array_elements", False)
    return iter([text for _, text in json_members(value)])


@function("json_array_elements_text(from_json json) setof (value text)", 3969, rows=100)
def json_array_elements_text(value: str):
    _need_array(value, "json_array_elements_text", False)
    return iter([json_as_text(text) for _, text in json_members(value)])


@function("jsonb_each(from_json jsonb) setof (key text, value jsonb)", 3208, rows=100)
def jsonb_each(value: str):
    _need_object(value, "jsonb_each")
    return ((k, from_tree(v)) for k, v in to_tree(value).items())


@function("jsonb_each_text(from_json jsonb) setof (key text, value text)", 3932, rows=100)
def jsonb_each_text(value: str):
    _need_object(value, "jsonb_each_text")
    return ((k, text_of(v)) for k, v in to_tree(value).items())


def _json_object(value: str, name: str) -> list:
    if json_kind(value) == "array":
        raise DataError("cannot deconstruct an array as an object", sqlstate="22023")
    if json_kind(value) != "object":
        raise DataError("cannot deconstruct a scalar", sqlstate="22023")
    return json_members(value)


@function("json_each(from_json json) setof (key text, value json)", 3958, rows=100)
def json_each(value: str):
    return iter(_json_object(value, "json_each"))


@function("json_each_text(from_json json) setof (key text, value text)", 3959, rows=100)
def json_each_text(value: str):
    return ((k, json_as_text(v)) for k, v in _json_object(value, "json_each_text"))


@function("jsonb_object_keys(jsonb) setof text", 3931, rows=100)
def jsonb_object_keys(value: str):
    _need_object(value, "jsonb_object_keys", True)
    return iter(to_tree(value))


@function("json_object_keys(json) setof text", 3957, rows=100)
def json_object_keys(value: str):
    _need_object(value, "json_object_keys", True)
    return iter([key for key, _ in json_members(value)])


# ---- records: the row type comes with the call -----------------------------------------------------------------------


def field_value(ctx, tree: Any, oid: int) -> Any:
    """A JSON value as a value of a column's type, through its text."""
    if tree is None:
        return None
    if oid == 3802:
        return from_tree(tree)
    if oid == 114:
        return from_tree(tree)
    if isinstance(tree, list) and ctx.type_of(oid).category == "A":
        return ctx.input(_array_literal(tree), oid)
    return ctx.input(text_of(tree), oid)


def _array_literal(items: list) -> str:
    def one(item: Any) -> str:
        if item is None:
            return "NULL"
        if isinstance(item, list):
            return _array_literal(item)
        text = text_of(item).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'

    return "{" + ",".join(map(one, items)) + "}"


def row_from_tree(ctx, tree: Any, names: tuple[str, ...], oids: tuple[int, ...], base: Record | None = None) -> tuple:
    """The fields of one object in the order of a row's columns; absent ones come from `base`."""
    if not isinstance(tree, dict):
        raise DataError("cannot call populate_composite on " + ("an array" if isinstance(tree, list) else "a scalar"), sqlstate="22023")
    fallback = base.fields if base is not None else (None,) * len(names)
    return tuple(field_value(ctx, tree[n], o) if n in tree else f for n, o, f in zip(names, oids, fallback))


def _columns(ctx, types) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names and types of the row asked for: a column list goes with the context, a composite type brings its own."""
    given = ctx.work.get("column_list")
    if given:
        return given
    extra = ctx.type_of(types.ret).extra
    return tuple(extra.get("field_names", ())), tuple(extra.get("field_oids", ()))


def _records(ctx, types, value: str | None, base: Record | None = None):
    names, oids = _columns(ctx, types)
    tree = to_tree(value) if value is not None else []
    if not isinstance(tree, list):
        raise DataError("cannot call json_populate_recordset on " + ("an object" if isinstance(tree, dict) else "a scalar"), sqlstate="22023")
    for item in tree:
        yield row_from_tree(ctx, item, names, oids, base)


_row = dict(context=True, types=True)
function("jsonb_to_recordset(jsonb) setof record", 3491, strict=False, volatility="s", rows=100, **_row)(_records)
function("json_to_recordset(json) setof record", 3205, strict=False, volatility="s", rows=100, **_row)(_records)


def _record(ctx, types, value: str, base: Record | None = None) -> Record:
    names, oids = _columns(ctx, types)
    return Record(row_from_tree(ctx, to_tree(value), names, oids, base), oids)


function("jsonb_to_record(jsonb) record", 3490, volatility="s", **_row)(_record)
function("json_to_record(json) record", 3204, volatility="s", **_row)(_record)


def _populate(ctx, types, base: Record | None, value: str | None) -> Record | None:
    return base if value is None else _record(ctx, types, value, base)


def _populate_set(ctx, types, base: Record | None, value: str | None):
    return iter(()) if value is None else _records(ctx, types, value, base)


function("jsonb_populate_record(base anyelement, from_json jsonb) anyelement", 3209, strict=False, volatility="s", **_row)(_populate)
function("jsonb_populate_recordset(base anyelement, from_json jsonb) setof anyelement", 3475, strict=False, volatility="s", rows=100, **_row)(_populate_set)
function(
    "json_populate_record(base anyelement, from_json json, use_json_as_text bool = False) anyelement", 3960, strict=False, volatility="s", **_row
)(lambda ctx, types, base, value, as_text=False: _populate(ctx, types, base, value))
function(
    "json_populate_recordset(base anyelement, from_json json, use_json_as_text bool = False) setof anyelement", 3961,
    strict=False, volatility="s", rows=100, **_row,
)(lambda ctx, types, base, value, as_text=False: _populate_set(ctx, types, base, value))  # fmt: skip
