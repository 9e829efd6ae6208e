"""json and jsonb: access, containment, changing, measuring. Operators -> ->> #> #>> @> <@ ? ?| ?& || - #-.

jsonb values are canonical text (`types.jsonb`); a function reads the tree, works on it and writes it back. json keeps its
text, so access returns slices of the original, found with a scanner.

    '{"a": [1, 2]}'::jsonb -> 'a' -> -1 → 2        '{"a": 1}'::json -> 'a' → the bytes after the colon, as written

Errors: 22023 and 22030 of wrong shapes, as each function says.

Not here: building JSON from SQL values (`json_build`), turning it into rows (`json_expand`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DataError
from aurorapy.expressions.functions import numerics
from aurorapy.expressions.functions.floats import float8_to_float4
from aurorapy.expressions.jsonvalue import json_order
from aurorapy.expressions.registry import function, helper
from aurorapy.types.jsonb import from_tree, to_tree
from aurorapy.types.values import Array

MISSING = object()


def text_of(tree: Any) -> str | None:
    """->>: strings without quotes, null as NULL, the rest as JSON text."""
    if tree is None:
        return None
    return tree if isinstance(tree, str) else from_tree(tree)


def step(tree: Any, key: str | int) -> Any:
    """A member or element, MISSING when there is none."""
    if isinstance(key, str):
        return tree.get(key, MISSING) if isinstance(tree, dict) else MISSING
    if isinstance(tree, list) and -len(tree) <= key < len(tree):
        return tree[key]
    return MISSING


def _index(text: str) -> int | None:
    try:
        return int(text) if text.strip().lstrip("+-").isdigit() else None
    except ValueError:
        return None


def walk(tree: Any, path: Array) -> Any:
    """#>: each step a key of an object or an index of an array."""
    for key in path.items:
        if key is None:
            return MISSING
        if isinstance(tree, dict):
            tree = tree.get(key, MISSING)
        elif isinstance(tree, list):
            index = _index(key)
            tree = MISSING if index is None else step(tree, index)
        else:
            return MISSING
        if tree is MISSING:
            return MISSING
    return tree


def _json(tree: Any) -> str | None:
    return None if tree is MISSING else from_tree(tree)


def _text(tree: Any) -> str | None:
    return None if tree is MISSING else text_of(tree)


def _element(value: str, index: int) -> Any:
    """A scalar counts as an array of one, but only here."""
    tree = to_tree(value)
    return step(tree if isinstance(tree, (dict, list)) else [tree], index)


# ---- access ---------------------------------------------------------------------------------------------------------

function("jsonb_object_field(from_json jsonb, field_name text) jsonb", 3478)(lambda j, k: _json(step(to_tree(j), k)))
function("jsonb_object_field_text(from_json jsonb, field_name text) text", 3214)(lambda j, k: _text(step(to_tree(j), k)))
function("jsonb_array_element(from_json jsonb, element_index int4) jsonb", 3215)(lambda j, i: _json(_element(j, i)))
function("jsonb_array_element_text(from_json jsonb, element_index int4) text", 3216)(lambda j, i: _text(_element(j, i)))
function("jsonb_extract_path(from_json jsonb, variadic path_elems text[]) jsonb", 3217)(lambda j, p: _json(walk(to_tree(j), p)))
function("jsonb_extract_path_text(from_json jsonb, variadic path_elems text[]) text", 3940)(
    lambda j, p: _text(walk(to_tree(j), p))
)


class _Scanner:
    """Finds where the parts of a json text begin and end; the text is known to be valid."""

    def __init__(self, text: str) -> None:
        self.text = text

    def blank(self, at: int) -> int:
        while at < len(self.text) and self.text[at] in " \t\n\r":
            at += 1
        return at

    def end(self, at: int) -> int:
        """The place after the value that begins at `at`."""
        char = self.text[at]
        if char == '"':
            return self._string(at)
        if char in "{[":
            depth = 0
            while True:
                char = self.text[at]
                if char == '"':
                    at = self._string(at)
                    continue
                depth += (char in "{[") - (char in "}]")
                at += 1
                if not depth:
                    return at
        while at < len(self.text) and self.text[at] not in ",]} \t\n\r":
            at += 1
        return at

    def _string(self, at: int) -> int:
        at += 1
        while self.text[at] != '"':
            at += 2 if self.text[at] == "\\" else 1
        return at + 1

    def members(self):
        """(key or index, text) of the outermost object or array, in order."""
        at = self.blank(0)
        opening, count = self.text[at], 0
        at = self.blank(at + 1)
        while self.text[at] not in "}]":
            key: str | int = count
            if opening == "{":
                end = self.end(at)
                key = to_tree(self.text[at:end])
                at = self.blank(self.blank(end) + 1)
            end = self.end(at)
            yield key, self.text[at:end]
            count += 1
            at = self.blank(end)
            if self.text[at] == ",":
                at = self.blank(at + 1)


def json_kind(text: str) -> str:
    """object, array, string, number, boolean or null."""
    first = text.lstrip(" \t\n\r")[:1]
    return {"{": "object", "[": "array", '"': "string", "t": "boolean", "f": "boolean", "n": "null"}.get(first, "number")


def json_members(text: str) -> list[tuple[Any, str]]:
    return list(_Scanner(text).members())


def json_step(text: str, key: str | int) -> str | None:
    """json -> key: the text of the last member of that name."""
    kind = json_kind(text)
    if kind != ("object" if isinstance(key, str) else "array"):
        return None
    members = json_members(text)
    if isinstance(key, int):
        return members[key][1] if -len(members) <= key < len(members) else None
    found = None
    for name, value in members:
        if name == key:
            found = value
    return found


def json_walk(text: str | None, path: Array) -> str | None:
    for key in path.items:
        if key is None or text is None:
            return None
        if json_kind(text) == "array":
            index = _index(key)
            text = None if index is None else json_step(text, index)
        else:
            text = json_step(text, key)
    return text.strip(" \t\n\r") if text is not None and not path.items else text


def json_as_text(text: str | None) -> str | None:
    if text is None or json_kind(text) == "null":
        return None
    return to_tree(text) if json_kind(text) == "string" else text


function("json_object_field(from_json json, field_name text) json", 3947)(json_step)
function("json_object_field_text(from_json json, field_name text) text", 3948)(lambda j, k: json_as_text(json_step(j, k)))
function("json_array_element(from_json json, element_index int4) json", 3949)(json_step)
function("json_array_element_text(from_json json, element_index int4) text", 3950)(lambda j, i: json_as_text(json_step(j, i)))
function("json_extract_path(from_json json, variadic path_elems text[]) json", 3951)(json_walk)
function("json_extract_path_text(from_json json, variadic path_elems text[]) text", 3953)(
    lambda j, p: json_as_text(json_walk(j, p))
)


@helper
def jsonb_subscript(value: str | None, keys: tuple) -> str | None:
    """jsonb['a'][0]"""
    if value is None or any(k is None for k in keys):
        return None
    tree = to_tree(value)
    for key in keys:
        if isinstance(key, str) and isinstance(tree, list):
            key = _index(key)
        tree = MISSING if key is None else step(tree, key)
        if tree is MISSING:
            return None
    return from_tree(tree)


# ---- existence and containment --------------------------------------------------------------------------------------


def _has(tree: Any, key: str) -> bool:
    if isinstance(tree, dict):
        return key in tree
    if isinstance(tree, list):
        return any(isinstance(v, str) and v == key for v in tree)
    return isinstance(tree, str) and tree == key


function("jsonb_exists(jsonb, text) bool", 4047, not_null=True)(lambda j, key: _has(to_tree(j), key))


@function("jsonb_exists_any(jsonb, text[]) bool", 4048, not_null=True)
def exists_any(value: str, keys: Array) -> bool:
    tree = to_tree(value)
    return any(k is not None and _has(tree, k) for k in keys.items)


@function("jsonb_exists_all(jsonb, text[]) bool", 4049, not_null=True)
def exists_all(value: str, keys: Array) -> bool:
    tree = to_tree(value)
    return all(k is None or _has(tree, k) for k in keys.items)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return type(a) is type(b) and a == b


def contains(whole: Any, part: Any, top: bool = True) -> bool:
    """whole @> part"""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(k in whole and contains(whole[k], v, False) for k, v in part.items())
    if isinstance(whole, list) and isinstance(part, list):
        return all(any(contains(w, p, False) for w in whole) for p in part)
    if top and isinstance(whole, list) and not isinstance(part, (dict, list)):
        return any(_same(w, part) for w in whole)
    return not isinstance(whole, (dict, list)) and _same(whole, part)


@function("jsonb_contains(jsonb, jsonb) bool", 4046, not_null=True)
def jsonb_contains(whole: str, part: str) -> bool:
    return contains(to_tree(whole), to_tree(part))


function("jsonb_contained(jsonb, jsonb) bool", 4050, not_null=True)(lambda part, whole: jsonb_contains(whole, part))

# ---- changing -------------------------------------------------------------------------------------------------------


@function("jsonb_concat(jsonb, jsonb) jsonb", 3301, not_null=True)
def jsonb_concat(a: str, b: str) -> str:
    left, right = to_tree(a), to_tree(b)
    if isinstance(left, dict) and isinstance(right, dict):
        return from_tree({**left, **right})
    left = left if isinstance(left, list) else [left]
    right = right if isinstance(right, list) else [right]
    return from_tree(left + right)


def _refuse_scalar(tree: Any, what: str = "delete from scalar") -> None:
    if not isinstance(tree, (dict, list)):
        raise DataError(f"cannot {what}", sqlstate="22023")


@function("jsonb_delete(jsonb, text) jsonb", 3302, not_null=True)
def delete_key(value: str, key: str) -> str:
    tree = to_tree(value)
    _refuse_scalar(tree)
    if isinstance(tree, dict):
        tree.pop(key, None)
        return from_tree(tree)
    return from_tree([v for v in tree if v != key or not isinstance(v, str)])


@function("jsonb_delete(from_json jsonb, variadic path_elems text[]) jsonb", 3343, not_null=True)
def delete_keys(value: str, keys: Array) -> str:
    _flat(keys)
    _refuse_scalar(to_tree(value))
    for key in keys.items:
        if key is not None:
            value = delete_key(value, key)
    return value


@function("jsonb_delete(jsonb, int4) jsonb", 3303, not_null=True)
def delete_index(value: str, index: int) -> str:
    tree = to_tree(value)
    _refuse_scalar(tree)
    if isinstance(tree, dict):
        raise DataError("cannot delete from object using integer index", sqlstate="22023")
    if -len(tree) <= index < len(tree):
        del tree[index]
    return from_tree(tree)


def _path_index(text: str, position: int) -> int:
    index = _index(text)
    if index is None:
        raise DataError(f'path element at position {position} is not an integer: "{text}"', sqlstate="22P02")
    return index


def _flat(path: Array) -> None:
    if len(path.dims) > 1:
        raise DataError("wrong number of array subscripts", sqlstate="2202E")


def _key_at(path: tuple, position: int) -> str:
    """The key of a step; it must not be NULL when it is reached."""
    key = path[position - 1]
    if key is None:
        raise DataError(f"path element at position {position} is null", sqlstate="22004")
    return key


@function("jsonb_delete_path(jsonb, text[]) jsonb", 3304, not_null=True)
def delete_path(value: str, path: Array) -> str:
    _flat(path)
    tree = to_tree(value)
    _refuse_scalar(tree, "delete path in scalar")
    node, keys = tree, path.items
    for position in range(1, len(keys) + 1):
        if not node and isinstance(node, (dict, list)):
            return value
        key, last = _key_at(keys, position), position == len(keys)
        place: Any = key if isinstance(node, dict) else _path_index(key, position) if isinstance(node, list) else None
        if place is None or step(node, place) is MISSING:
            return value
        if last:
            del node[place]
        node = None if last else node[place]
    return from_tree(tree)


def _assign(node: Any, keys: tuple, at: int, new: Any, create: bool, insert_after: bool | None) -> None:
    """Sets, or with insert_after inserts, at the path; missing parents leave everything as it is."""
    key, last = _key_at(keys, at + 1) if isinstance(node, (dict, list)) else "", at == len(keys) - 1
    if isinstance(node, dict):
        if not last:
            if key in node:
                _assign(node[key], keys, at + 1, new, create, insert_after)
        elif insert_after is not None and key in node:
            hint = "Try using the function jsonb_set to replace key value."
            raise DataError("cannot replace existing key", sqlstate="22023", hint=hint)
        elif create or key in node:
            node[key] = new
    elif isinstance(node, list):
        index = _path_index(key, at + 1)
        inside = -len(node) <= index < len(node)
        if not last:
            if inside:
                _assign(node[index], keys, at + 1, new, create, insert_after)
        elif insert_after is not None:
            spot = max(len(node) + index, -1 if not insert_after else 0) if index < 0 else index
            if index < 0 and -index > len(node):
                node.insert(0, new)
            else:
                node.insert(min(spot + (1 if insert_after else 0), len(node)), new)
        elif inside:
            node[index] = new
        elif create:
            node.insert(0 if index < 0 else len(node), new)


@function("jsonb_set(jsonb_in jsonb, path text[], replacement jsonb, create_if_missing bool = True) jsonb", 3305, not_null=True)
def jsonb_set(value: str, path: Array, new: str, create: bool = True) -> str:
    _flat(path)
    tree = to_tree(value)
    _refuse_scalar(tree, "set path in scalar")
    if not tree and not create:
        return value
    if path.items:
        _assign(tree, path.items, 0, to_tree(new), create, None)
    return from_tree(tree)


@function("jsonb_insert(jsonb_in jsonb, path text[], replacement jsonb, insert_after bool = False) jsonb", 3579, not_null=True)
def jsonb_insert(value: str, path: Array, new: str, insert_after: bool = False) -> str:
    _flat(path)
    tree = to_tree(value)
    _refuse_scalar(tree, "set path in scalar")
    if path.items:
        _assign(tree, path.items, 0, to_tree(new), True, insert_after)
    return from_tree(tree)


@function(
    "jsonb_set_lax(jsonb_in jsonb, path text[], replacement jsonb, create_if_missing bool = True, "
    "null_value_treatment text = 'use_json_null') jsonb", 5054, strict=False,
)  # fmt: skip
def jsonb_set_lax(value, path, new, create=True, treatment="use_json_null"):
    if value is None or path is None or create is None:
        return None
    if new is not None and treatment is not None:
        return jsonb_set(value, path, new, create)
    if treatment is None or treatment not in ("raise_exception", "use_json_null", "delete_key", "return_target"):
        message = 'null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"'
        raise DataError(message, sqlstate="22023")
    if treatment == "use_json_null":
        return jsonb_set(value, path, "null", create)
    if treatment == "delete_key":
        return delete_path(value, path)
    if treatment == "return_target":
        return value
    detail = 'Exception was raised because null_value_treatment is "raise_exception".'
    hint = "To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed."
    raise DataError("JSON value must not be null", sqlstate="22004", detail=detail, hint=hint)


def _without_nulls(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {k: _without_nulls(v) for k, v in tree.items() if v is not None}
    return [_without_nulls(v) for v in tree] if isinstance(tree, list) else tree


function("jsonb_strip_nulls(jsonb) jsonb", 3262, not_null=True)(lambda j: from_tree(_without_nulls(to_tree(j))))


@function("json_strip_nulls(json) json", 3261, not_null=True)
def json_strip_nulls(text: str) -> str:
    """Compact, without the object members that are null; key order and duplicates stay."""
    from aurorapy.types.jsonb import quote

    kind = json_kind(text)
    if kind == "object":
        kept = ((k, v) for k, v in json_members(text) if json_kind(v) != "null")
        return "{" + ",".join(f"{quote(k)}:{json_strip_nulls(v)}" for k, v in kept) + "}"
    if kind == "array":
        return "[" + ",".join(json_strip_nulls(v) for _, v in json_members(text)) + "]"
    return quote(to_tree(text)) if kind == "string" else text.strip(" \t\n\r")


# ---- measures -------------------------------------------------------------------------------------------------------


def kind_of(tree: Any) -> str:
    if tree is None:
        return "null"
    if isinstance(tree, bool):
        return "boolean"
    kinds = {dict: "object", list: "array", str: "string"}
    return kinds.get(type(tree), "number")


function("jsonb_typeof(jsonb) text", 3210, not_null=True)(json_kind)
function("json_typeof(json) text", 3968, not_null=True)(json_kind)


def _array_length(text: str) -> int:
    kind = json_kind(text)
    if kind == "object":
        raise DataError("cannot get array length of a non-array", sqlstate="22023")
    if kind != "array":
        raise DataError("cannot get array length of a scalar", sqlstate="22023")
    return len(to_tree(text))


function("jsonb_array_length(jsonb) int4", 3207, not_null=True)(_array_length)
function("json_array_length(json) int4", 3956, not_null=True)(_array_length)


def _pretty(tree: Any, depth: int) -> str:
    if not isinstance(tree, (dict, list)):
        return from_tree(tree)
    pad, inner = "    " * depth, "    " * (depth + 1)
    opening, closing = ("{", "}") if isinstance(tree, dict) else ("[", "]")
    if isinstance(tree, dict):
        lines = [f"{inner}{from_tree(k)}: {_pretty(v, depth + 1)}" for k, v in tree.items()]
    else:
        lines = [inner + _pretty(v, depth + 1) for v in tree]
    return opening + "\n" + "".join(f"{line},\n" for line in lines[:-1]) + "".join(f"{line}\n" for line in lines[-1:]) + pad + closing


function("jsonb_pretty(jsonb) text", 3306, not_null=True)(lambda value: _pretty(to_tree(value), 0))


@function("jsonb_cmp(jsonb, jsonb) int4", 4044, not_null=True)
def jsonb_cmp(a: str, b: str) -> int:
    left, right = json_order(to_tree(a)), json_order(to_tree(b))
    return -1 if left < right else 1 if right < left else 0


# ---- casts to SQL ---------------------------------------------------------------------------------------------------


def _scalar(value: str, wanted: str, type_name: str) -> Any:
    tree = to_tree(value)
    kind = kind_of(tree)
    if kind != wanted:
        shown = "numeric" if kind == "number" else kind
        raise DataError(f"cannot cast jsonb {shown} to type {type_name}", sqlstate="22023")
    return tree


function("bool(jsonb) bool", 3556, not_null=True)(lambda j: _scalar(j, "boolean", "boolean"))
function("numeric(jsonb) numeric", 3449, not_null=True)(lambda j: _scalar(j, "number", "numeric"))
function("int2(jsonb) int2", 3450, not_null=True)(lambda j: numerics.to_integer(_scalar(j, "number", "smallint"), 2))
function("int4(jsonb) int4", 3451, not_null=True)(lambda j: numerics.to_integer(_scalar(j, "number", "integer"), 4))
function("int8(jsonb) int8", 3452, not_null=True)(lambda j: numerics.to_integer(_scalar(j, "number", "bigint"), 8))
function("float4(jsonb) float4", 3453, not_null=True)(
    lambda j: float8_to_float4(numerics.numeric_to_float8(_scalar(j, "number", "real")))
)
function("float8(jsonb) float8", 2580, not_null=True)(
    lambda j: numerics.numeric_to_float8(_scalar(j, "number", "double precision"))
)
