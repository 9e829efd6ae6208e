r"""LIKE, ILIKE, SIMILAR TO, and the POSIX operators ~ ~* !~ !~* with the regexp_ functions.

    'abc' LIKE 'a_c' → true       'abc' SIMILAR TO '(a|b)%' → true       'thomas' ~* 'T.*ma' → true
    regexp_replace('foobarbaz', 'b(..)', 'X\1Y', 'g') → fooXarYXazY

LIKE compiles its pattern once: a prefix, suffix or substring test where that is all it says, an `re` otherwise.

Errors: 22025 invalid escape, 2200C use of escape character, 2201B invalid regular expression, 22023 options.

Not here: translating regular expressions (`regex`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Callable

from aurorapy.errors import DataError
from aurorapy.expressions.functions.long_values import PIECES_MAX, joined
from aurorapy.expressions.functions.regex import Flags, Pattern, compile_pattern, parse_flags
from aurorapy.expressions.registry import function, helper, inline
from aurorapy.host.preemption import preemptible
from aurorapy.types.values import Array

TEXT = 25

# ---- LIKE -----------------------------------------------------------------------------------------------------------


def _trailing_escape() -> DataError:
    return DataError("LIKE pattern must not end with escape character", sqlstate="22025")


def _like_tokens(pattern: str, escape: str = "\\"):
    """('any', ''), ('one', '') and ('text', c) in order."""
    chars = iter(pattern)
    for char in chars:
        if char == escape and escape:
            literal = next(chars, None)
            if literal is None:
                yield "dangling", ""
                return
            yield "text", literal
        elif char == "%":
            yield "any", ""
        elif char == "_":
            yield "one", ""
        else:
            yield "text", char


@lru_cache(maxsize=1024)
def like_test(pattern: str, ignore_case: bool = False) -> Callable[[str], bool]:
    """A test for one pattern."""
    tokens = list(_like_tokens(pattern))
    kinds = "".join({"any": "%", "one": "_", "text": "t", "dangling": "!"}[kind] for kind, _ in tokens)
    if "!" not in kinds and not ignore_case and "_" not in kinds:
        literal = "".join(text for _, text in tokens)
        body = kinds.replace("t", "")
        if body == "":
            return lambda value: value == literal
        if body == "%" and kinds.endswith("%"):
            return lambda value: value.startswith(literal)
        if body == "%" and kinds.startswith("%"):
            return lambda value: value.endswith(literal)
        if body == "%%" and kinds.startswith("%") and kinds.endswith("%"):
            return lambda value: literal in value
    return _like_regex(tokens, ignore_case)


def _like_regex(tokens: list[tuple[str, str]], ignore_case: bool) -> Callable[[str], bool]:
    source = _like_source(tokens)
    options = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    if tokens and tokens[-1][0] == "dangling":
        # an error only where the rest of the pattern has matched so far
        prefix = re.compile(source, options)

        def refuse(value: str) -> bool:
            match = prefix.match(value)
            if match is not None and match.end() < len(value):
                raise _trailing_escape()
            return False

        return refuse
    fullmatch = re.compile(source, options).fullmatch
    return lambda value: fullmatch(value) is not None


def _like_source(tokens: list[tuple[str, str]]) -> str:
    """Between two `%` the first place that fits is as good as any other, so nothing there is tried twice: `(?>.*?a)`."""
    parts = [""]
    for kind, text in tokens:
        if kind == "any":
            parts.append("")
        elif kind != "dangling":
            parts[-1] += "." if kind == "one" else re.escape(text)
    if len(parts) == 1:
        return parts[0]
    middle = "".join(f"(?>.*?{part})" for part in parts[1:-1] if part)
    return f"{parts[0]}{middle}.*{parts[-1]}"


def like(text: str, pattern: str) -> bool:
    return like_test(pattern)(text)


def ilike(text: str, pattern: str) -> bool:
    return like_test(pattern, True)(text)


helper(like)
helper(ilike)
for _name, _oid, _args in (
    ("textlike", 850, "text, text"), ("like", 1569, "text, text"), ("namelike", 858, "name, text"),
    ("like", 1571, "name, text"), ("bpcharlike", 1631, "bpchar, text"),
):  # fmt: skip
    inline(f"{_name}({_args}) bool", _oid, "like({0}, {1})")
for _name, _oid, _args in (
    ("textnlike", 851, "text, text"), ("notlike", 1570, "text, text"), ("namenlike", 859, "name, text"),
    ("notlike", 1572, "name, text"), ("bpcharnlike", 1632, "bpchar, text"),
):  # fmt: skip
    inline(f"{_name}({_args}) bool", _oid, "not like({0}, {1})")
inline("texticlike(text, text) bool", 1633, "ilike({0}, {1})")
inline("nameiclike(name, text) bool", 1635, "ilike({0}, {1})")
inline("bpchariclike(bpchar, text) bool", 1660, "ilike({0}, {1})")
inline("texticnlike(text, text) bool", 1634, "not ilike({0}, {1})")
inline("nameicnlike(name, text) bool", 1636, "not ilike({0}, {1})")
inline("bpcharicnlike(bpchar, text) bool", 1661, "not ilike({0}, {1})")


@function("bytealike(bytea, bytea) bool", 2005, not_null=True)
@function("like(bytea, bytea) bool", 2007, not_null=True)
def bytea_like(value: bytes, pattern: bytes) -> bool:
    return like(value.decode("latin-1"), pattern.decode("latin-1"))


@function("byteanlike(bytea, bytea) bool", 2006, not_null=True)
@function("notlike(bytea, bytea) bool", 2008, not_null=True)
def bytea_not_like(value: bytes, pattern: bytes) -> bool:
    return not bytea_like(value, pattern)


@function("like_escape(text, text) text", 1637, not_null=True)
def like_escape(pattern: str, escape: str) -> str:
    """The pattern with another escape character, written with backslashes."""
    if len(escape) > 1:
        raise DataError("invalid escape string", sqlstate="22025", hint="Escape string must be empty or one character.")
    if escape == "\\":
        return pattern
    if not escape:
        return pattern.replace("\\", "\\\\")
    out, after_escape = [], False
    for char in pattern:
        if char == escape and not after_escape:
            out.append("\\")
            after_escape = True
            continue
        out.append("\\\\" if char == "\\" and not after_escape else char)
        after_escape = False
    return "".join(out)


# ---- SIMILAR TO -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def similar_pattern(pattern: str, escape: str | None) -> str:
    """A SQL regular expression as a POSIX one, anchored at both ends."""
    if escape is None:
        escape = "\\"
    elif len(escape) > 1:
        raise DataError("invalid escape string", sqlstate="22025", hint="Escape string must be empty or one character.")
    out, in_class, after_escape, quotes = [], False, False, 0
    for char in pattern:
        if after_escape:
            after_escape = False
            if char == '"' and not in_class:
                quotes += 1
                if quotes > 2:
                    raise DataError("SQL regular expression may not contain more than two escape-double-quote separators",
                                    sqlstate="2200C")
                out.append("){1,1}?(" if quotes == 1 else "){1,1}(?:")
            else:
                out.append("\\" + char)
        elif char == escape and escape:
            after_escape = True
        elif in_class:
            out.append("\\\\" if char == "\\" else char)
            in_class = char != "]"
        elif char == "[":
            out.append(char)
            in_class = True
        elif char == "%":
            out.append(".*")
        elif char == "_":
            out.append(".")
        elif char == "(":
            out.append("(?:")
        elif char in "\\.^$":
            out.append("\\" + char)
        else:
            out.append(char)
    body = "".join(out)
    return f"^(?:{'(?:' if quotes else ''}{body}{')' if quotes else ''})$" if quotes != 2 else f"^(?:{body})$"


function("similar_to_escape(text) text", 1987, not_null=True)(lambda pattern: similar_pattern(pattern, None))
function("similar_to_escape(text, text) text", 1986, not_null=True)(similar_pattern)
function("similar_escape(text, text) text", 1623, strict=False)(
    lambda pattern, escape: None if pattern is None else similar_pattern(pattern, escape)
)


# ---- POSIX operators ------------------------------------------------------------------------------------------------


def matches(text: str, pattern: str) -> bool:
    return compile_pattern(pattern).regex.search(text) is not None


_IGNORING = Flags(ignore_case=True)


def matches_ignoring_case(text: str, pattern: str) -> bool:
    return compile_pattern(pattern, _IGNORING).regex.search(text) is not None


helper(matches)
helper(matches_ignoring_case)
inline("textregexeq(text, text) bool", 1254, "matches({0}, {1})")
inline("nameregexeq(name, text) bool", 79, "matches({0}, {1})")
inline("bpcharregexeq(bpchar, text) bool", 1658, "matches({0}, {1})")
inline("textregexne(text, text) bool", 1256, "not matches({0}, {1})")
inline("nameregexne(name, text) bool", 1252, "not matches({0}, {1})")
inline("bpcharregexne(bpchar, text) bool", 1659, "not matches({0}, {1})")
inline("texticregexeq(text, text) bool", 1238, "matches_ignoring_case({0}, {1})")
inline("nameicregexeq(name, text) bool", 1240, "matches_ignoring_case({0}, {1})")
inline("bpcharicregexeq(bpchar, text) bool", 1656, "matches_ignoring_case({0}, {1})")
inline("texticregexne(text, text) bool", 1239, "not matches_ignoring_case({0}, {1})")
inline("nameicregexne(name, text) bool", 1241, "not matches_ignoring_case({0}, {1})")
inline("bpcharicregexne(bpchar, text) bool", 1657, "not matches_ignoring_case({0}, {1})")


# ---- functions ------------------------------------------------------------------------------------------------------


@function("substring(text, text) text", 2073)
def regex_substring(text: str, pattern: str) -> str | None:
    """The first group if there is one, else the whole match."""
    match = compile_pattern(pattern).search(text)
    if match is None:
        return None
    return match[1] if match.re.groups else match[0]


@function("substring(text, text, text) text", 2074)
def similar_substring(text: str, pattern: str, escape: str) -> str | None:
    return regex_substring(text, similar_pattern(pattern, escape))


def all_matches(pattern: Pattern, text: str):
    """Matches one after another; after an empty one the search goes on a character later."""
    at = 0
    while at <= len(text):
        match = pattern.search(text, at)
        if match is None:
            return
        yield match
        at = match.end() if match.end() > match.start() else match.end() + 1


def _expand(match: re.Match, replacement: str) -> str:
    out, at = [], 0
    while True:
        slash = replacement.find("\\", at)
        if slash < 0 or slash + 1 >= len(replacement):
            return "".join([*out, replacement[at:]])
        out.append(replacement[at:slash])
        code = replacement[slash + 1]
        if code in "123456789":
            out.append((match[int(code)] or "") if int(code) <= match.re.groups else "")
        elif code == "&":
            out.append(match[0])
        elif code == "\\":
            out.append("\\")
        else:
            out.append("\\" + code)
        at = slash + 2


@preemptible
def _replace(text: str, pattern: Pattern, replacement: str, start: int, nth: int) -> str:
    """nth 0 replaces all; start is an index."""
    out, at, count = [text[:start]], start, 0
    done: list[str] = []
    search_from = start
    while search_from <= len(text):
        match = pattern.search(text, search_from)
        if match is None:
            break
        count += 1
        if nth in (0, count):
            out += [text[at : match.start()], _expand(match, replacement)]
            if len(out) >= PIECES_MAX:
                done.append("".join(out))
                out.clear()
            at = match.end()
            if nth:
                break
        search_from = match.end() if match.end() > match.start() else match.end() + 1
    return joined([*done, *out, text[at:]])


@function("regexp_replace(text, text, text) text", 2284, not_null=True)
def regexp_replace(text: str, pattern: str, replacement: str) -> str:
    return _replace(text, compile_pattern(pattern), replacement, 0, 1)


@function("regexp_replace(text, text, text, text) text", 2285, not_null=True)
def regexp_replace_flags(text: str, pattern: str, replacement: str, options: str) -> str:
    if options and options[0].isdigit():
        hint = "If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly."
        raise DataError(f'invalid regular expression option: "{options[0]}"', sqlstate="22023", hint=hint)
    flags = parse_flags(options)
    compiled = compile_pattern(pattern, flags._replace(everywhere=False))
    return _replace(text, compiled, replacement, 0, 0 if flags.everywhere else 1)


def _start(value: int) -> int:
    if value <= 0:
        raise DataError(f'invalid value for parameter "start": {value}', sqlstate="22023")
    return value - 1


def _not_negative(name: str, value: int, least: int = 0) -> int:
    if value < least:
        raise DataError(f'invalid value for parameter "{name}": {value}', sqlstate="22023")
    return value


def _plain_flags(options: str, name: str) -> Flags:
    flags = parse_flags(options)
    if flags.everywhere:
        raise DataError(f'{name}() does not support the "global" option', sqlstate="22023")
    return flags


@function("regexp_replace(text, text, text, int4, int4, text) text", 6251, not_null=True)
def regexp_replace_nth(text: str, pattern: str, new: str, start: int, nth: int, options: str) -> str:
    begin, count = _start(start), _not_negative("n", nth)
    flags = parse_flags(options)._replace(everywhere=False)
    return _replace(text, compile_pattern(pattern, flags), new, begin, count)


function("regexp_replace(text, text, text, int4, int4) text", 6252, not_null=True)(
    lambda text, pattern, new, start, nth: regexp_replace_nth(text, pattern, new, start, nth, "")
)
function("regexp_replace(text, text, text, int4) text", 6253, not_null=True)(
    lambda text, pattern, new, start: regexp_replace_nth(text, pattern, new, start, 1, "")
)


def _groups(match: re.Match) -> Array:
    return Array.of(match.groups() if match.re.groups else (match[0],), TEXT)


@function("regexp_match(text, text, text) text[]", 3397)
def regexp_match(text: str, pattern: str, options: str) -> Array | None:
    flags = parse_flags(options)
    if flags.everywhere:
        raise DataError('regexp_match() does not support the "global" option', sqlstate="22023",
                        hint="Use the regexp_matches function instead.")
    match = compile_pattern(pattern, flags).search(text)
    return None if match is None else _groups(match)


function("regexp_match(text, text) text[]", 3396)(lambda text, pattern: regexp_match(text, pattern, ""))


@function("regexp_matches(text, text, text) setof text[]", 2764, rows=10)
def regexp_matches(text: str, pattern: str, options: str):
    flags = parse_flags(options)
    compiled = compile_pattern(pattern, flags._replace(everywhere=False))
    for match in all_matches(compiled, text):
        yield _groups(match)
        if not flags.everywhere:
            return


function("regexp_matches(text, text) setof text[]", 2763, rows=1)(lambda text, pattern: regexp_matches(text, pattern, ""))


@preemptible
def _split(text: str, pattern: str, options: str, name: str) -> list[str]:
    """Empty matches at the ends and right after a match do not split."""
    flags = _plain_flags(options, name)
    parts, at, search_from = [], 0, 0
    compiled = compile_pattern(pattern, flags)
    while search_from <= len(text):
        match = compiled.search(text, search_from)
        if match is None:
            break
        if match.end() == match.start():
            search_from = match.end() + 1
            if match.start() <= at or match.start() >= len(text):
                continue
        else:
            search_from = match.end()
        parts.append(text[at : match.start()])
        at = match.end()
    return [*parts, text[at:]]


@function("regexp_split_to_array(text, text, text) text[]", 2768, not_null=True)
def regexp_split_to_array(text: str, pattern: str, options: str) -> Array:
    return Array.of(_split(text, pattern, options, "regexp_split_to_array"), TEXT)


@function("regexp_split_to_table(text, text, text) setof text", 2766, rows=1000)
def regexp_split_to_table(text: str, pattern: str, options: str):
    return iter(_split(text, pattern, options, "regexp_split_to_table"))


function("regexp_split_to_array(text, text) text[]", 2767, not_null=True)(lambda t, p: regexp_split_to_array(t, p, ""))
function("regexp_split_to_table(text, text) setof text", 2765, rows=1000)(lambda t, p: regexp_split_to_table(t, p, ""))


@function("regexp_count(text, text, int4, text) int4", 6256, not_null=True)
@preemptible
def regexp_count(text: str, pattern: str, start: int, options: str) -> int:
    begin = _start(start)
    compiled = compile_pattern(pattern, _plain_flags(options, "regexp_count"))
    return sum(1 for m in _from(compiled, text, begin))


def _from(compiled: Pattern, text: str, begin: int):
    at = begin
    while at <= len(text):
        match = compiled.search(text, at)
        if match is None:
            return
        yield match
        at = match.end() if match.end() > match.start() else match.end() + 1


function("regexp_count(text, text, int4) int4", 6255, not_null=True)(lambda t, p, s: regexp_count(t, p, s, ""))
function("regexp_count(text, text) int4", 6254, not_null=True)(lambda t, p: regexp_count(t, p, 1, ""))


@function("regexp_like(text, text, text) bool", 6264, not_null=True)
def regexp_like(text: str, pattern: str, options: str) -> bool:
    return compile_pattern(pattern, _plain_flags(options, "regexp_like")).regex.search(text) is not None


function("regexp_like(text, text) bool", 6263, not_null=True)(lambda t, p: regexp_like(t, p, ""))


@function("regexp_instr(text, text, int4, int4, int4, text, int4) int4", 6262, not_null=True)
def regexp_instr(
    text: str, pattern: str, start: int = 1, nth: int = 1, end: int = 0, options: str = "", group: int = 0
) -> int:
    """Where the nth match (or a group of it) begins, with end = 1 the place after it; 0 when there is none."""
    begin, count = _start(start), _not_negative("n", nth, 1)
    if end not in (0, 1):
        raise DataError(f'invalid value for parameter "endoption": {end}', sqlstate="22023")
    _not_negative("subexpr", group)
    compiled = compile_pattern(pattern, _plain_flags(options, "regexp_instr"))
    for number, match in enumerate(_from(compiled, text, begin), 1):
        if number == count:
            if group > match.re.groups or match.start(group) < 0:
                return 0
            return (match.end(group) if end else match.start(group)) + 1
    return 0


function("regexp_instr(text, text) int4", 6257, not_null=True)(regexp_instr)
function("regexp_instr(text, text, int4) int4", 6258, not_null=True)(regexp_instr)
function("regexp_instr(text, text, int4, int4) int4", 6259, not_null=True)(regexp_instr)
function("regexp_instr(text, text, int4, int4, int4) int4", 6260, not_null=True)(regexp_instr)
function("regexp_instr(text, text, int4, int4, int4, text) int4", 6261, not_null=True)(regexp_instr)


@function("regexp_substr(text, text, int4, int4, text, int4) text", 6269)
def regexp_substr(text: str, pattern: str, start: int = 1, nth: int = 1, options: str = "", group: int = 0):
    begin, count = _start(start), _not_negative("n", nth, 1)
    _not_negative("subexpr", group)
    compiled = compile_pattern(pattern, _plain_flags(options, "regexp_substr"))
    for number, match in enumerate(_from(compiled, text, begin), 1):
        if number == count:
            return match[group] if group <= match.re.groups else None
    return None


function("regexp_substr(text, text) text", 6265)(regexp_substr)
function("regexp_substr(text, text, int4) text", 6266)(regexp_substr)
function("regexp_substr(text, text, int4, int4) text", 6267)(regexp_substr)
function("regexp_substr(text, text, int4, int4, text) text", 6268)(regexp_substr)
