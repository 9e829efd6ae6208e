"""Reading tokens one after the other: the hands of every hand-written parser here.

A Cursor stands on a token of a Source; `accept` moves over what it names and says whether it did, `expect` raises
PostgreSQL's syntax error instead of saying no.

    c = Cursor(source, first, last)
    c.expect("drop"); c.expect("table"); exists = c.accept("if", "exists"); names = c.list(c.name)

Not here: what any statement looks like.
"""

from __future__ import annotations

from typing import Callable, TypeVar

from aurorapy.errors import SyntaxError
from aurorapy.sql.parse.keywords import COL_NAME, RESERVED, TYPE_FUNC
from aurorapy.sql.parse.source import Source
from aurorapy.sql.statements import ExprText, Name
from aurorapy_native.lexer import END, INTEGER, NUMBER, OPERATOR, PUNCT, QUOTED, STRING, WORD

T = TypeVar("T")

NOT_COLUMN_IDS = RESERVED | TYPE_FUNC
NOT_TYPE_IDS = RESERVED | COL_NAME


class Cursor:
    """`at` is the current token; `last` the first token that is not part of the statement."""

    __slots__ = ("source", "at", "first", "last", "kinds", "texts")

    def __init__(self, source: Source, first: int = 0, last: int | None = None) -> None:
        self.source = source
        self.at = self.first = first
        self.last = len(source.kinds) - 1 if last is None else last
        self.kinds = source.kinds
        self.texts = source.texts

    # -- looking -------------------------------------------------------------------------------------------------------
    def done(self) -> bool:
        return self.at >= self.last

    def kind(self, ahead: int = 0) -> int:
        i = self.at + ahead
        return self.kinds[i] if i < self.last else END

    def word(self, ahead: int = 0) -> str:
        """The unquoted word here, folded; '' when the token is not one."""
        i = self.at + ahead
        return self.texts[i] if i < self.last and self.kinds[i] == WORD else ""

    def punct(self, ahead: int = 0) -> str:
        i = self.at + ahead
        return self.texts[i] if i < self.last and self.kinds[i] in (PUNCT, OPERATOR) else ""

    def sees(self, *words: str) -> bool:
        """Whether these words (or punctuation marks) come next."""
        at, last, texts, kinds = self.at, self.last, self.texts, self.kinds
        for i, word in enumerate(words):
            if at + i >= last or texts[at + i] != word or kinds[at + i] not in (WORD, PUNCT, OPERATOR):
                return False
        return True

    def position(self) -> int:
        if self.at >= self.last:
            return len(self.source.text) + 1 if self.kinds[self.last] == END else self.source.starts[self.last] + 1
        return self.source.starts[self.at] + 1

    def error(self) -> SyntaxError:
        """The syntax error at the current token; a semicolon counts as a token, as in PostgreSQL."""
        return self.source.near(min(self.at, self.last))

    # -- moving --------------------------------------------------------------------------------------------------------
    def accept(self, *words: str) -> bool:
        if self.sees(*words):
            self.at += len(words)
            return True
        return False

    def accept_any(self, *words: str) -> str:
        """Moves over one of the words and returns it, or ''."""
        if self.at < self.last and self.kinds[self.at] in (WORD, PUNCT, OPERATOR) and self.texts[self.at] in words:
            self.at += 1
            return self.texts[self.at - 1]
        return ""

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.accept(word):
                raise self.error()

    def expect_end(self) -> None:
        if self.at < self.last:
            raise self.error()

    # -- names and values ----------------------------------------------------------------------------------------------
    def _identifier(self, banned: frozenset[str]) -> str:
        i = self.at
        if i < self.last and (self.kinds[i] == QUOTED or (self.kinds[i] == WORD and self.texts[i] not in banned)):
            self.at += 1
            return self.texts[i]
        raise self.error()

    def identifier(self) -> str:
        """A column, table or object name (PostgreSQL's ColId)."""
        return self._identifier(NOT_COLUMN_IDS)

    def type_identifier(self) -> str:
        return self._identifier(NOT_TYPE_IDS)

    def label(self) -> str:
        """Any word, also a reserved one (ColLabel)."""
        return self._identifier(frozenset())

    def name(self) -> Name:
        """`a`, `schema.a` or `database.schema.a`."""
        position = self.position()
        parts = [self.identifier()]
        while self.accept("."):
            parts.append(self.label())
        if len(parts) > 3:
            raise SyntaxError(
                f"improper qualified name (too many dotted names): {'.'.join(parts)}", position=position
            )
        catalog, schema, name = ([None, None] + parts)[-3:]
        return Name(schema, name, position, catalog)

    def string(self) -> str:
        if self.kind() != STRING:
            raise self.error()
        self.at += 1
        return self.texts[self.at - 1]

    def integer(self) -> int:
        """A signed whole number."""
        negative = bool(self.accept_any("-", "+") == "-")
        if self.kind() not in (INTEGER, NUMBER):
            raise self.error()
        try:
            value = int(self.texts[self.at])
        except ValueError:
            raise self.error() from None
        self.at += 1
        return -value if negative else value

    def list(self, item: Callable[[], T]) -> list[T]:
        items = [item()]
        while self.accept(","):
            items.append(item())
        return items

    def parenthesized(self, item: Callable[[], T]) -> list[T]:
        self.expect("(")
        items = self.list(item)
        self.expect(")")
        return items

    # -- spans of text -------------------------------------------------------------------------------------------------
    def matching(self) -> int:
        """With the cursor on an opening bracket: the index of the one that closes it."""
        depth = 0
        for i in range(self.at, self.last):
            if self.kinds[i] == PUNCT:
                if self.texts[i] in ("(", "["):
                    depth += 1
                elif self.texts[i] in (")", "]"):
                    depth -= 1
                    if depth == 0:
                        return i
        self.at = self.last
        raise self.error()

    def inside_parentheses(self) -> ExprText:
        """`( anything )`: the text between, the cursor behind."""
        if not self.sees("("):
            raise self.error()
        close = self.matching()
        first = self.at + 1
        if first == close:
            self.at = close
            raise self.error()
        self.at = close + 1
        return ExprText(self.source.slice(first, close - 1), self.source.position(first))

    def until(self, stops: frozenset[str]) -> ExprText:
        """At least one token, up to a word or mark of `stops` outside brackets."""
        first = self.at
        if self.done():
            raise self.error()
        while self.at < self.last:
            text, kind = self.texts[self.at], self.kinds[self.at]
            if self.at > first and text in stops and kind in (WORD, PUNCT):
                break
            if kind == PUNCT and text in ("(", "["):
                self.at = self.matching()
            elif kind == PUNCT and text in (")", "]"):
                break
            self.at += 1
        if self.at == first:
            raise self.error()
        return ExprText(self.source.slice(first, self.at - 1), self.source.position(first))
