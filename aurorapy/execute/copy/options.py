"""COPY's options, checked against each other with PostgreSQL's texts (42601, 0A000, 22023)."""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, FeatureNotSupported, SyntaxError
from aurorapy.records import dataclass


@dataclass(slots=True)
class CopyOptions:
    format: str = "text"
    delimiter: str = "\t"
    null: str = "\\N"
    header: bool = False
    header_match: bool = False
    quote: str = '"'
    escape: str = '"'
    force_quote: list[str] | str | None = None  # '*' or names
    force_not_null: list[str] | None = None
    force_null: list[str] | None = None
    freeze: bool = False


_KNOWN = {"format", "delimiter", "null", "header", "quote", "escape", "force_quote", "force_not_null", "force_null",
          "encoding", "freeze"}  # fmt: skip


def copy_options(given: dict[str, Any], is_from: bool, positions: dict[str, int] | None = None) -> CopyOptions:
    """The options as given, checked and completed; `positions` are theirs in the statement, for errors."""
    positions = positions or {}
    for name in given:
        if name not in _KNOWN:
            raise SyntaxError(f'option "{name}" not recognized', position=positions.get(name, 0))
    format_ = str(given.get("format", "text")).lower()
    if format_ not in ("text", "csv", "binary"):
        raise DatabaseError(
            f'COPY format "{given["format"]}" not recognized', sqlstate="22023", position=positions.get("format", 0)
        )
    csv = format_ == "csv"
    if format_ == "binary":
        for name in ("delimiter", "null"):
            if name in given:
                raise SyntaxError(f"cannot specify {name.upper()} in BINARY mode")
    options = CopyOptions(
        format=format_,
        delimiter=given.get("delimiter", "," if csv else "\t"),
        null=given.get("null", "" if csv else "\\N"),
        quote=given.get("quote", '"'),
        freeze=_flag(given.get("freeze", False)),
        force_quote=given.get("force_quote"),
        force_not_null=given.get("force_not_null"),
        force_null=given.get("force_null"),
    )
    options.escape = given.get("escape", options.quote)
    header = given.get("header", False)
    if str(header).lower() == "match":
        options.header = options.header_match = True
        if not is_from:
            raise FeatureNotSupported('cannot use "match" with HEADER in COPY TO')
    else:
        options.header = _flag(header)
    encoding = given.get("encoding")
    if encoding is not None and str(encoding).lower().replace("-", "") not in ("utf8", "unicode", "sql_ascii"):
        raise DatabaseError(f'argument to option "encoding" must be a valid encoding name', sqlstate="22023")
    _check(options, given, is_from)
    return options


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word in ("true", "on", "1"):
        return True
    if word in ("false", "off", "0"):
        return False
    raise SyntaxError("header requires a Boolean value or \"match\"")


def _check(o: CopyOptions, given: dict[str, Any], is_from: bool) -> None:
    if len(o.delimiter.encode()) != 1:
        raise FeatureNotSupported("COPY delimiter must be a single one-byte character")
    if o.delimiter in "\r\n":
        raise DatabaseError("COPY delimiter cannot be newline or carriage return", sqlstate="22023")
    if "\r" in o.null or "\n" in o.null:
        raise DatabaseError("COPY null representation cannot use newline or carriage return", sqlstate="22023")
    if o.format == "text" and o.delimiter in "\\.abcdefghijklmnopqrstuvwxyz0123456789":
        raise DatabaseError(f'COPY delimiter cannot be "{o.delimiter}"', sqlstate="22023")
    if o.format == "binary" and o.header:
        raise FeatureNotSupported("cannot specify HEADER in BINARY mode", sqlstate="0A000")
    if o.format != "csv":
        for name in ("quote", "escape", "force_quote", "force_not_null", "force_null"):
            if name in given:
                label = name.replace("_", " ")
                label = label if name.startswith("force") else label
                raise FeatureNotSupported(f"COPY {label} available only in CSV mode")
        return
    if len(o.quote.encode()) != 1:
        raise FeatureNotSupported("COPY quote must be a single one-byte character")
    if len(o.escape.encode()) != 1:
        raise FeatureNotSupported("COPY escape must be a single one-byte character")
    if o.delimiter == o.quote:
        raise DatabaseError("COPY delimiter and quote must be different", sqlstate="22023")
    if o.quote in o.null and o.null:
        raise DatabaseError("CSV quote character must not appear in the NULL specification", sqlstate="22023")
    if o.delimiter in o.null and o.null:
        raise DatabaseError("COPY delimiter must not appear in the NULL specification", sqlstate="22023")
    if is_from and o.force_quote:
        raise FeatureNotSupported("COPY force quote only available using COPY TO")
    if not is_from and o.force_not_null:
        raise FeatureNotSupported("COPY force not null only available using COPY FROM")
    if not is_from and o.force_null:
        raise FeatureNotSupported("COPY force null only available using COPY FROM")
