"""PostgreSQL's lexical rules over a statement's text; see lexer.pyx."""

from aurorapy.errors import ProgramLimitExceeded

MAX_DEPTH: int
STACK_HINT: str
END: int
WORD: int
QUOTED: int
STRING: int
BITS: int
INTEGER: int
NUMBER: int
PARAM: int
OPERATOR: int
PUNCT: int

def too_deep() -> ProgramLimitExceeded:
    """54001 "stack depth limit exceeded" with PostgreSQL's hint."""

def fold(name: str) -> str:
    """An unquoted identifier in catalog form: ASCII lower case, at most 63 bytes."""

def clip(name: str) -> str:
    """A name cut to 63 bytes at a character's boundary."""

def decode_unicode(body: str, escape: str, token: int) -> str:
    """Resolves the escapes of a U&'' or U&"" body; `token` is its 0-based offset, for error positions."""

def tokenize(text: str) -> tuple[list[int], list[str], list[int], list[int]]:
    """(kinds, texts, starts, ends): parallel lists, character offsets, ending with an END token.

    Raises SyntaxError (42601) and ProgramLimitExceeded (54001).
    """

class Lexer:
    kinds: list[int]
    texts: list[str]
    starts: list[int]
    ends: list[int]
    def __init__(self, text: str) -> None: ...
    def run_all(self) -> None: ...
    def fail(self, message: str, start: int, near: str | None = None) -> Exception: ...
    def unescape(self, i: int, end: int) -> str: ...

FIRST_WORDS: frozenset[str]
WHOLE_WORDS: frozenset[str]
OPERAND_BEFORE: frozenset[str]
OPERAND_BEHIND: frozenset[str]

def fingerprint(text: str) -> tuple[str, str, tuple[int, ...], tuple[str, ...]] | None:
    """(key, text with $n for its literals, their type OIDs with 0 for strings, their values as str), or None.

    See lexer.pyx for which literals are taken out and when nothing may be.
    """
