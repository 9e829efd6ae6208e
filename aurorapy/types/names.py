"""Types by name: what SQL calls them, and back.

    parse_type_name("timestamp(3) with time zone[]") → TypeName(None, "timestamptz", ("3",), dims=1)
    resolve("numeric(10,2)[]", find) → (1231, 655366)        format_type(1231, 655366) → "numeric(10,2)[]"

`SPELLINGS` maps the words of the SQL grammar to internal names (`integer` → int4); every other name stands for itself
and is looked up as an identifier. Errors: 42601 for what is no type name, 42704 for an unknown type.

Not here: search_path (the `find` a catalog hands in knows it).
"""

from __future__ import annotations

import re
from typing import Any, Callable

from aurorapy.errors import DataError, InternalError, SyntaxError, UndefinedObject
from aurorapy.records import dataclass
from aurorapy.types.builtin import BY_NAME, TYPES
from aurorapy.types.identifiers import fold, quote_identifier
from aurorapy.types.intervals import FIELD_MASKS, FULL_RANGE
from aurorapy.types.model import Type
from aurorapy.types.text import truncate_name

SPELLINGS = {
    "bigint": "int8", "bit": "bit", "boolean": "bool", "char": "bpchar", "character": "bpchar", "dec": "numeric",
    "decimal": "numeric", "double precision": "float8", "int": "int4", "integer": "int4", "nchar": "bpchar",
    "numeric": "numeric", "real": "float4", "smallint": "int2", "varchar": "varchar", "time": "time",
    "timestamp": "timestamp", "interval": "interval", "character varying": "varchar", "char varying": "varchar",
    "nchar varying": "varchar", "national character": "bpchar", "national char": "bpchar",
    "national character varying": "varchar", "national char varying": "varchar", "bit varying": "varbit",
    "time with time zone": "timetz", "timestamp with time zone": "timestamptz", "time without time zone": "time",
    "timestamp without time zone": "timestamp", "float": "float8",
}

_GRAMMAR_NAMES = frozenset({"boolean", "real", "double precision", "smallint", "integer", "bigint"})  # that take no typmod

_TOKEN = re.compile(
    r"""\s*(?:"((?:[^"]|"")+)"|([A-Za-z_\u0080-\U0010ffff][\w$]*)|([+-]?[0-9]+)|'((?:[^']|'')*)'|([()\[\],.%]))\s*"""
)
_ZONE_WORDS = (("with", "time", "zone"), ("without", "time", "zone"))
_FIELD_RANGES = {
    "year": ("month",), "day": ("hour", "minute", "second"), "hour": ("minute", "second"), "minute": ("second",),
    "month": (), "second": (),
}


@dataclass(frozen=True, slots=True)
class TypeName:
    """A parsed type name: internal name or identifier, type modifier words, number of array dimensions."""

    schema: str | None
    name: str
    args: tuple[str, ...] = ()
    dims: int = 0
    setof: bool = False


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []  # (kind, value); kinds: w word, q quoted, n number, s string, p sign
        place = 0
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise self.bad()
            quoted, word, number, string, sign = match.groups()
            if quoted is not None:
                self.tokens.append(("q", quoted.replace('""', '"')))
            elif word:
                self.tokens.append(("w", fold(word)))
            elif number:
                self.tokens.append(("n", number))
            elif string is not None:
                self.tokens.append(("s", string.replace("''", "'")))
            else:
                self.tokens.append(("p", sign))
            place = match.end()
        self.place = 0

    def bad(self) -> SyntaxError:
        return SyntaxError(f'invalid type name "{self.text}"')

    def word(self, offset: int = 0) -> str:
        """The unquoted word at that distance, or ''."""
        place = self.place + offset
        kind, value = self.tokens[place] if place < len(self.tokens) else ("", "")
        return value if kind == "w" else ""

    def take(self, *values: str) -> bool:
        """Consumes these words or signs if they come next."""
        if tuple(v for k, v in self.tokens[self.place : self.place + len(values)] if k in "wp") != values:
            return False
        self.place += len(values)
        return True

    def parse(self) -> TypeName:
        setof = self.take("setof")
        schema, name, args = self.base()
        dims = 0
        if self.take("array"):
            dims = 1
            if self.take("["):
                self.bound(required=True)
        else:
            while self.take("["):
                self.bound(required=False)
                dims += 1
        if self.place < len(self.tokens):
            raise self.bad()
        return TypeName(schema, name, args, dims, setof)

    def bound(self, required: bool) -> None:
        if self.place < len(self.tokens) and self.tokens[self.place][0] == "n":
            self.place += 1
        elif required:
            raise self.bad()
        if not self.take("]"):
            raise self.bad()

    def base(self) -> tuple[str | None, str, tuple[str, ...]]:
        words = self.grammar_words()
        if words is not None:
            return (None, *words)
        parts = [self.identifier()]
        while self.take("."):
            parts.append(self.identifier())
        if len(parts) == 3:
            parts = parts[1:]
        if len(parts) > 2:
            raise SyntaxError(f"improper qualified name (too many dotted names): {'.'.join(parts)}")
        args = self.arguments()
        return (parts[0] if len(parts) == 2 else None), parts[-1], args

    def identifier(self) -> str:
        kind, value = self.tokens[self.place] if self.place < len(self.tokens) else ("", "")
        if kind not in ("w", "q") or not kind:
            raise self.bad()
        self.place += 1
        return truncate_name(value)

    def arguments(self) -> tuple[str, ...]:
        if not self.take("("):
            return ()
        args = []
        while True:
            kind, value = self.tokens[self.place] if self.place < len(self.tokens) else ("", "")
            if kind not in ("n", "s", "w", "q") or not kind:
                raise self.bad()
            args.append(value)
            self.place += 1
            if self.take(")"):
                return tuple(args)
            if not self.take(","):
                raise self.bad()

    def plain_arguments(self) -> tuple[str, ...]:
        """At most one number without a sign, which is all the grammar has for these types."""
        args = self.arguments()
        if len(args) > 1 or args and not args[0].isdigit():
            raise self.bad()
        return args

    def grammar_words(self) -> tuple[str, tuple[str, ...]] | None:
        """A spelling of the SQL grammar and its modifiers; None when an identifier comes next."""
        first = self.word()
        following = self.tokens[self.place + 1] if self.place + 1 < len(self.tokens) else ("", "")
        if following == ("p", "."):
            return None
        if first == "interval":
            self.place += 1
            return "interval", self.interval_arguments()
        if first in ("time", "timestamp"):
            self.place += 1
            args = self.plain_arguments()
            for words in _ZONE_WORDS:
                if self.take(*words):
                    return SPELLINGS[" ".join((first, *words))], args
            return first, args
        if first == "double":
            if not self.take("double", "precision"):
                return None
            return "float8", ()
        if first == "national" and self.word(1) not in ("char", "character"):
            return None
        if first != "national" and first not in SPELLINGS:
            return None
        spelling = first
        self.place += 1
        if first == "national":
            spelling = f"{first} {self.word()}"
            self.place += 1
        if self.take("varying"):
            spelling += " varying"
        if spelling not in SPELLINGS:
            raise self.bad()
        args = self.arguments() if SPELLINGS[spelling] == "numeric" else self.plain_arguments()
        if spelling == "float":
            return _float_of(args), ()
        if SPELLINGS[spelling] == "bpchar" and not args:
            args = ("1",)
        return SPELLINGS[spelling], args

    def interval_arguments(self) -> tuple[str, ...]:
        """(mask,) or (mask, precision) as intervaltypmodin takes them; () for a plain interval."""
        field = self.word()
        if field not in FIELD_MASKS:
            args = self.plain_arguments()
            return (str(FULL_RANGE), *args) if args else ()
        self.place += 1
        mask = FIELD_MASKS[field]
        last = field
        if self.take("to"):
            last = self.word()
            if last not in _FIELD_RANGES[field]:
                raise self.bad()
            self.place += 1
            mask = FIELD_MASKS[f"{field} to {last}"]
        return (str(mask), *(self.plain_arguments() if last == "second" else ()))


def _float_of(args: tuple[str, ...]) -> str:
    if not args:
        return "float8"
    bits = int(args[0])
    if bits < 1:
        raise DataError("precision for type float must be at least 1 bit", sqlstate="22023")
    if bits > 53:
        raise DataError("precision for type float must be less than 54 bits", sqlstate="22023")
    return "float4" if bits <= 24 else "float8"


def parse_type_name(text: str) -> TypeName:
    """Reads a type name as the SQL grammar does; 42601 if it is none."""
    return _Parser(text).parse()


Find = Callable[[str | None, str], Type | None]  # (schema or None, name) → the type


def find_builtin(schema: str | None, name: str) -> Type | None:
    """A `Find` that knows only the built-in types."""
    return BY_NAME.get(name) if schema in (None, "pg_catalog") else None


def resolve(
    text: str, find: Find = find_builtin, by_oid: Callable[[int], Type] = TYPES.__getitem__
) -> tuple[int, int]:
    """(type OID, typmod) of a type name; 42704 if there is no such type."""
    return resolve_name(parse_type_name(text), find, by_oid)


def resolve_name(
    name: TypeName, find: Find = find_builtin, by_oid: Callable[[int], Type] = TYPES.__getitem__, position: int = 0
) -> tuple[int, int]:
    """As `resolve`, for a name parsed already."""
    found = find(name.schema, name.name)
    if found is None:
        raise _undefined(name, position)
    typmod = typmod_of(found, name.args, position)
    if name.dims:
        if not found.array_oid:
            raise _undefined(name, position)
        found = by_oid(found.array_oid)
    return found.oid, typmod


def _undefined(name: TypeName, position: int) -> UndefinedObject:
    shown = f"{name.schema}.{name.name}" if name.schema else name.name
    return UndefinedObject(f'type "{shown}{"[]" * bool(name.dims)}" does not exist', position=position)


def typmod_of(data_type: Type, args: tuple[str, ...], position: int = 0) -> int:
    """The typmod that these modifiers mean for a type, -1 for none."""
    if not args:
        return -1
    if data_type.typmod_in is None:
        raise SyntaxError(f'type modifier is not allowed for type "{data_type.name}"', position=position)
    if not all(re.fullmatch(r"[+-]?[0-9]+", arg) for arg in args):
        raise DataError(f'invalid input syntax for type integer: "{args[0]}"', sqlstate="22P02", position=position)
    return data_type.typmod_in(args)


def format_type(oid: int, typmod: int | None = None, catalog: Any = None) -> str:
    """The SQL name of a type. `typmod` None: not known, shown without; for character that differs from -1.

    "-" for no type, "???" for one that does not exist. A type that is not built in is shown by
    `catalog.type_visible_name(oid)` where the catalog has that, else by its `sql_name` or quoted name.
    """
    if not oid:
        return "-"
    found = TYPES.get(oid)
    if found is None and catalog is not None:
        try:
            found = catalog.type_by_oid(oid)
        except InternalError:  # cache lookup failed
            pass
    if found is None:
        return "???"
    if found.category in "AP" and found.elem_oid and found.name not in ("int2vector", "oidvector"):
        return format_type(found.elem_oid, typmod, catalog) + "[]"
    return _base_name(found, typmod, catalog)


def _base_name(found: Type, typmod: int | None, catalog: Any) -> str:
    name = found.sql_name
    if found.oid not in TYPES and hasattr(catalog, "type_visible_name"):
        name = catalog.type_visible_name(found.oid)
    if found.name == "bpchar" and typmod is not None and typmod < 0:
        return "bpchar"
    without_typmod = name in _GRAMMAR_NAMES
    name = name or quote_identifier(found.name)
    if typmod is None or typmod < 0 or without_typmod:
        return name
    modifier = found.typmod_out(typmod) if found.typmod_out is not None else f"({typmod})"
    if found.name in ("time", "timetz", "timestamp", "timestamptz"):
        first, _, rest = name.partition(" ")
        return f"{first}{modifier} {rest}"
    return name + modifier
