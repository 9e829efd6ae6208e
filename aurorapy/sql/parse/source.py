"""A statement's text and its tokens, shared by everything that parses or reports a place in it.

    source = Source("SELECT 1; COMMIT")
    source.statements()   ->  [(0, 2), (3, 4)]     token ranges, END excluded
    source.near(1)        ->  SyntaxError: syntax error at or near "1", position 8

Positions in errors are 1-based characters of the client's whole string.

Not here: the lexical rules (`aurorapy_native.lexer`).
"""

from __future__ import annotations

from aurorapy.errors import SyntaxError
from aurorapy.types.values import let_go_of
from aurorapy_native.lexer import END, PUNCT, tokenize


class Source:
    """Token lists of one text: `kinds`, `texts`, `starts`, `ends`, parallel, closed by an END token."""

    __slots__ = ("text", "kinds", "texts", "starts", "ends")

    def __init__(self, text: str) -> None:
        self.text = text
        self.kinds, self.texts, self.starts, self.ends = tokenize(text)

    def __del__(self) -> None:
        if hasattr(self, "ends"):  # a text that has no tokens was refused
            let_go_of(self.texts, self.starts, self.ends)

    def statements(self) -> list[tuple[int, int]]:
        """Ranges of tokens between semicolons; empty ones are left out."""
        ranges, start = [], 0
        kinds = self.kinds
        at = 0
        while True:
            try:
                at = self.texts.index(";", at)
            except ValueError:
                break
            if kinds[at] == PUNCT:
                if at > start:
                    ranges.append((start, at))
                start = at + 1
            at += 1
        if len(kinds) - 1 > start:
            ranges.append((start, len(kinds) - 1))
        return ranges

    def slice(self, first: int, last: int) -> str:
        """The text from token `first` to token `last`, both included."""
        return self.text[self.starts[first] : self.ends[last]]

    def position(self, token: int) -> int:
        return self.starts[token] + 1

    def near(self, token: int, message: str = "syntax error") -> SyntaxError:
        """The error PostgreSQL's grammar gives when it cannot go on at this token."""
        if self.kinds[token] == END:
            return SyntaxError(f"{message} at end of input", position=len(self.text) + 1)
        return SyntaxError(f'{message} at or near "{self.slice(token, token)}"', position=self.position(token))
