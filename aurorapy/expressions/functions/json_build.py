"""JSON from SQL values: to_json, row_to_json, json_build_*, json_object, and the JSON aggregates.

Numbers and booleans stand for themselves, json and jsonb go in as they are, arrays and rows become arrays and objects,
dates and times take ISO 8601 whatever DateStyle says, everything else is its text in quotes.

    json_build_object('a', 1, 'b', array[true]) → {"a" : 1, "b" : [true]}      jsonb: {"a": 1, "b": [true]}

Errors: 22023 for keys that are NULL or not scalar, odd numbers of arguments.

Not here: reading JSON (`jsonb`, `json_expand`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DataError
from aurorapy.expressions.registry import aggregate, function
from aurorapy.expressions.typeoids import ARRAY_TYPES
from aurorapy.types.jsonb import from_tree, quote, to_tree
from aurorapy.types.model import TypeContext
from aurorapy.types.values import Array, Record

_BOOL, _JSON, _JSONB = 16, 114, 3802
_NUMBERS = frozenset({20, 21, 23, 700, 701, 1700})
_DATES = frozenset({1082, 1114, 1184})


def _iso(ctx, value: Any, oid: int) -> str:
    """A date or timestamp with a T between date and time, and the whole offset."""
    settings = TypeContext(time_zone=ctx.type_context.time_zone)
    text = ctx.type_of(oid).output(value, settings)
    if "infinity" in text or oid == 1082:
        return text
    era = text.endswith(" BC")
    body = text[:-3] if era else text
    body = body.replace(" ", "T", 1)
    if oid == 1184 and body[-3] in "+-":
        body += ":00"
    return body + (" BC" if era else "")


def json_text(ctx, value: Any, oid: int, pretty: bool = False) -> str:
    """One SQL value as JSON text, in the spacing of json's functions."""
    if value is None:
        return "null"
    if oid in (_JSON, _JSONB):
        return value
    if oid == _BOOL:
        return "true" if value else "false"
    if oid in _NUMBERS:
        text = ctx.output(value, oid)
        return f'"{text}"' if text in ("NaN", "Infinity", "-Infinity") else text
    if isinstance(value, Array):
        return _array_text(ctx, value, value.dims, value.items, pretty)
    if isinstance(value, Record):
        return row_text(ctx, value, oid, pretty)
    if oid in _DATES:
        return f'"{_iso(ctx, value, oid)}"'
    return quote(ctx.output(value, oid))


def _array_text(ctx, array: Array, dims: tuple, items: tuple, pretty: bool) -> str:
    if not dims:
        return "[]"
    if len(dims) == 1:
        return "[" + (",\n " if pretty else ",").join(json_text(ctx, v, array.elem_oid) for v in items) + "]"
    width = len(items) // dims[0]
    rows = (_array_text(ctx, array, dims[1:], items[i * width : (i + 1) * width], False) for i in range(dims[0]))
    return "[" + (",\n " if pretty else ",").join(rows) + "]"


def field_names(ctx, row: Record, oid: int) -> list[str]:
    """The names of a row's fields: those of its type, else f1, f2, ..."""
    if oid not in (0, 2249):
        names = ctx.type_of(oid).extra.get("field_names")
        if names:
            return list(names)
    return [f"f{i}" for i in range(1, len(row.fields) + 1)]


def row_text(ctx, row: Record, oid: int, pretty: bool = False) -> str:
    names = row.names or field_names(ctx, row, oid)
    parts = (f"{quote(n)}:{json_text(ctx, v, t)}" for n, v, t in zip(names, row.fields, row.type_oids))
    return "{" + (",\n " if pretty else ",").join(parts) + "}"


def jsonb_tree(ctx, value: Any, oid: int) -> Any:
    """One SQL value as a jsonb tree."""
    if value is None or oid == _BOOL:
        return value
    if oid in (_JSON, _JSONB):
        return to_tree(value)
    return to_tree(json_text(ctx, value, oid))


@function("to_json(anyelement) json", 3176, volatility="s", context=True, types=True, not_null=True)
def to_json(ctx, types, value) -> str:
    return json_text(ctx, value, types.args[0])


@function("to_jsonb(anyelement) jsonb", 3787, volatility="s", context=True, types=True, not_null=True)
def to_jsonb(ctx, types, value) -> str:
    return from_tree(jsonb_tree(ctx, value, types.args[0]))


@function("row_to_json(record, bool) json", 3156, volatility="s", context=True, types=True, not_null=True)
def row_to_json_pretty(ctx, types, row: Record, pretty: bool) -> str:
    return row_text(ctx, row, types.args[0], pretty)


@function("row_to_json(record) json", 3155, volatility="s", context=True, types=True, not_null=True)
def row_to_json(ctx, types, row: Record) -> str:
    return row_text(ctx, row, types.args[0])


@function("array_to_json(anyarray, bool) json", 3154, volatility="s", context=True, types=True, not_null=True)
def array_to_json_pretty(ctx, types, array: Array, pretty: bool) -> str:
    return json_text(ctx, array, types.args[0], pretty)


@function("array_to_json(anyarray) json", 3153, volatility="s", context=True, types=True, not_null=True)
def array_to_json(ctx, types, array: Array) -> str:
    return json_text(ctx, array, types.args[0])


# ---- objects and arrays from arguments ------------------------------------------------------------------------------


def _key(ctx, value: Any, oid: int) -> str:
    if isinstance(value, (Array, Record)) or oid in (_JSON, _JSONB) or oid in ARRAY_TYPES:
        raise DataError("key value must be scalar, not array, composite, or json", sqlstate="22023")
    if oid == _BOOL:
        return "true" if value else "false"
    return _iso(ctx, value, oid) if oid in _DATES else ctx.output(value, oid)


def _pairs(ctx, types, args: tuple, name: str, null: str):
    if len(args) % 2:
        hint = f"The arguments of {name}() must consist of alternating keys and values."
        raise DataError("argument list must have even number of elements", sqlstate="22023", hint=hint)
    for i in range(0, len(args), 2):
        if args[i] is None:
            raise DataError(null.format(i + 1), sqlstate="22023")
        yield _key(ctx, args[i], types.args[i]), args[i + 1], types.args[i + 1]


@function("json_build_object(variadic any) json", 3200, strict=False, volatility="s", context=True, types=True, not_null=True)
def json_build_object(ctx, types, *args) -> str:
    pairs = _pairs(ctx, types, args, "json_build_object", "argument {} cannot be null")
    try:
        return "{" + ", ".join(f"{quote(k)} : {json_text(ctx, v, t)}" for k, v, t in pairs) + "}"
    except DataError as error:
        if "cannot be null" in error.message and error.hint is None:
            error.hint = "Object keys should be text."
        raise


@function("json_build_object() json", 3201, strict=False, volatility="s", not_null=True)
def json_build_no_object() -> str:
    return "{}"


@function("jsonb_build_object(variadic any) jsonb", 3273, strict=False, volatility="s", context=True, types=True, not_null=True)
def jsonb_build_object(ctx, types, *args) -> str:
    pairs = _pairs(ctx, types, args, "jsonb_build_object", "argument {}: key must not be null")
    return from_tree({k: jsonb_tree(ctx, v, t) for k, v, t in pairs})


function("jsonb_build_object() jsonb", 3274, strict=False, volatility="s", not_null=True)(lambda: "{}")
function("json_build_array() json", 3199, strict=False, volatility="s", not_null=True)(lambda: "[]")
function("jsonb_build_array() jsonb", 3272, strict=False, volatility="s", not_null=True)(lambda: "[]")


@function("json_build_array(variadic any) json", 3198, strict=False, volatility="s", context=True, types=True, not_null=True)
def json_build_array(ctx, types, *args) -> str:
    return "[" + ", ".join(json_text(ctx, v, t) for v, t in zip(args, types.args)) + "]"


@function("jsonb_build_array(variadic any) jsonb", 3271, strict=False, volatility="s", context=True, types=True, not_null=True)
def jsonb_build_array(ctx, types, *args) -> str:
    return from_tree([jsonb_tree(ctx, v, t) for v, t in zip(args, types.args)])


def _object_pairs(array: Array) -> list[tuple[str, str | None]]:
    if not array.dims:
        return []
    if len(array.dims) == 1 and len(array.items) % 2:
        raise DataError("array must have even number of elements", sqlstate="2202E")
    if len(array.dims) == 2 and array.dims[1] != 2:
        raise DataError("array must have two columns", sqlstate="2202E")
    if len(array.dims) > 2:
        raise DataError("wrong number of array subscripts", sqlstate="2202E")
    return _named(list(zip(array.items[::2], array.items[1::2])))


def _named(pairs: list) -> list:
    if any(k is None for k, _ in pairs):
        raise DataError("null value not allowed for object key", sqlstate="22004")
    return pairs


def _zipped(keys: Array, values: Array) -> list:
    if len(keys.dims) > 1 or len(values.dims) > 1:
        raise DataError("wrong number of array subscripts", sqlstate="2202E")
    if len(keys.items) != len(values.items):
        raise DataError("mismatched array dimensions", sqlstate="2202E")
    return _named(list(zip(keys.items, values.items)))


def _object_text(pairs: list) -> str:
    return "{" + ", ".join(f"{quote(k)} : {'null' if v is None else quote(v)}" for k, v in pairs) + "}"


function("json_object(text[]) json", 3202, not_null=True)(lambda array: _object_text(_object_pairs(array)))
function("json_object(text[], text[]) json", 3203, not_null=True)(lambda keys, values: _object_text(_zipped(keys, values)))
function("jsonb_object(text[]) jsonb", 3263, not_null=True)(lambda array: from_tree(dict(_object_pairs(array))))
function("jsonb_object(text[], text[]) jsonb", 3264, not_null=True)(
    lambda keys, values: from_tree(dict(_zipped(keys, values)))
)

# ---- aggregates -----------------------------------------------------------------------------------------------------


def nothing() -> None:
    """The state before the first row."""


def _append(convert):
    def step(ctx, types, state: list | None, value: Any) -> list:
        item = convert(ctx, value, types.args[0])
        if state is not None and isinstance(item, str) and isinstance(value, (Array, Record)) and convert is json_text:
            item = "\n " + item  # rows and arrays start a line of their own
        if state is None:
            return [item]
        state.append(item)
        return state

    return step


_agg = dict(init=nothing, strict=False, context=True, types=True, volatility="s")
aggregate(
    "json_agg(anyelement) json", 3175, step=_append(json_text), **_agg,
    final=lambda state: None if state is None else _json_list(state),
)  # fmt: skip
aggregate(
    "jsonb_agg(anyelement) jsonb", 3267, step=_append(jsonb_tree), **_agg,
    final=lambda state: None if state is None else from_tree(state),
)  # fmt: skip


def _json_list(items: list[str]) -> str:
    return "[" + ", ".join(items) + "]"


def _json_member(ctx, types, state: list | None, key: Any, value: Any) -> list:
    if key is None:
        raise DataError("field name must not be null", sqlstate="22023")
    state = [] if state is None else state
    state.append(f"{quote(_key(ctx, key, types.args[0]))} : {json_text(ctx, value, types.args[1])}")
    return state


def _jsonb_member(ctx, types, state: dict | None, key: Any, value: Any) -> dict:
    if key is None:
        raise DataError("field name must not be null", sqlstate="22023")
    state = {} if state is None else state
    state[_key(ctx, key, types.args[0])] = jsonb_tree(ctx, value, types.args[1])
    return state


aggregate(
    "json_object_agg(any, any) json", 3197, step=_json_member, **_agg,
    final=lambda state: None if state is None else "{ " + ", ".join(state) + " }",
)  # fmt: skip
aggregate(
    "jsonb_object_agg(any, any) jsonb", 3270, step=_jsonb_member, **{**_agg, "volatility": "i"},
    final=lambda state: None if state is None else from_tree(state),
)  # fmt: skip
