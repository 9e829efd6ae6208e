"""A query's tokens as the query parser gets them: clauses and brackets for it, everything else behind a mark.

One pass, one bit of state: is an operand due, or did one just end? That bit, the bracket we are in and the word itself
decide what a word is. An operator becomes a mark between two plus signs, so that any expression is one flat row for the
parser and `operators` does the precedence. Postfix syntax (`::type`, `[i]`, COLLATE) becomes a dotted part of its operand.

    count(*) FILTER (WHERE x::int4 > $1)
    "0" ( * ) FILTER ( WHERE "1" . "2" + "3" + "4" )

Rows of plain literals after VALUES, and long lists of them after IN, become one mark (`literals`), so a thousand-row
INSERT parses at the lexer's speed.

Errors: SyntaxError at the token where PostgreSQL would stop; FeatureNotSupported for what nothing above understands.

Not here: the marks' way back (`query`).
"""

from __future__ import annotations

from typing import Any

from sqlglot.tokens import Token, TokenType

from aurorapy.errors import DatabaseError, FeatureNotSupported, ProgramLimitExceeded, SyntaxError
from aurorapy.sql.parse import operands, raw, trailers, wordoperators
from aurorapy.sql.parse.clauses import starts_query
from aurorapy.sql.parse.cursor import Cursor
from aurorapy.sql.parse.frames import Frame
from aurorapy.sql.parse.handlers import AFTER, BEFORE, emit_call
from aurorapy.sql.parse.keywords import NEEDS_AS, RESERVED, TYPE_FUNC
from aurorapy.sql.parse.literals import plain_row, plain_rows
from aurorapy.sql.parse.marks import CastMark, IndexMark, OpMark, RowsMark, Word
from aurorapy.sql.parse.source import Source
from aurorapy.sql.parse.typenames import interval_fields, type_name
from aurorapy_native.lexer import BITS, INTEGER, NUMBER, OPERATOR, PARAM, PUNCT, QUOTED, STRING, WORD

HANDLERS = (operands, trailers, wordoperators)  # entered in BEFORE and AFTER by being imported
LONG_LIST = 16  # values of an IN list that are worth looking at
LITERALS = {STRING: "string", INTEGER: "integer", NUMBER: "numeric", BITS: "bits"}
NEVER_PREFIX = frozenset("= < > <= >= <> * / % ^".split())
TYPE_WORDS = frozenset(
    "double character char bit national nchar timestamp time interval varchar dec decimal numeric float".split()
)
CALLED_TYPES = frozenset("numeric decimal dec float timestamp time interval bit int integer smallint bigint real boolean".split())


class Feed(Cursor):
    """After `run()`: `tokens` for the parser and the `marks` their numbers point at."""

    __slots__ = ("tokens", "marks", "operand", "need", "chained", "frame", "frames", "highest_param", "into")

    def __init__(self, source: Source, first: int, last: int) -> None:
        super().__init__(source, first, last)
        self.tokens: list[Token] = []
        self.marks: list[Any] = []
        self.operand = False  # an operand just ended
        self.need = True  # an operand must come
        self.chained = False  # the last token was an operator's mark
        self.frame = Frame("")
        self.frames: list[Frame] = []
        self.highest_param = 0
        self.into: tuple[str, Any] | None = None  # SELECT INTO: persistence and name of the table

    # -- output --------------------------------------------------------------------------------------------------------
    def emit(self, kind: TokenType, text: str) -> None:
        self.tokens.append(Token(kind, text, self.at, 0, 0, 0))
        self.chained = False

    def emit_mark(self, mark: Any) -> None:
        self.tokens.append(Token(TokenType.IDENTIFIER, str(len(self.marks)), self.at, 0, 0, 0))
        self.marks.append(mark)
        self.chained = False

    def begin_operand(self) -> None:
        """Joins what follows to the operator before it."""
        if self.chained:
            self.emit(TokenType.PLUS, "+")

    def put(self, mark: Any, tokens: int = 1) -> None:
        """A whole operand behind one mark."""
        self.begin_operand()
        self.emit_mark(mark)
        self.at += tokens
        self.operand = True
        self.need = False

    def operator(self, kind: str, name: str, tokens: int = 1, schema: str | None = None, negated: bool = False) -> None:
        """An operator between operands (or before one: prefix, not, ...)."""
        mark = OpMark(kind, name, self.position(), self.at, schema, negated)
        if self.operand or self.chained:
            self.emit(TokenType.PLUS, "+")
        self.emit_mark(mark)
        self.at += tokens
        self.chained = True
        self.operand = False
        self.need = True

    def postfix(self, kind: str, name: str, tokens: int = 1, negated: bool = False) -> None:
        """An operator behind its operand: IS NULL."""
        self.operator(kind, name, tokens, None, negated)
        self.chained = False
        self.operand = True
        self.need = False

    def dotted(self, mark: Any) -> None:
        """A part of the operand that just ended; the cursor stands behind it already."""
        self.emit(TokenType.DOT, ".")
        self.emit_mark(mark)
        self.operand = True

    def keyword(self, kind: TokenType, text: str, tokens: int = 1, need: bool = True) -> None:
        """A clause's word: an operand may (or must) come next."""
        if not self.operand and self.need:
            raise self.error()
        self.emit(kind, text)
        self.at += tokens
        self.operand = False
        self.need = need

    def open(self, frame: Frame, tokens: int = 1) -> None:
        self.begin_operand()
        self.emit(TokenType.L_PAREN, "(")
        self.at += tokens
        self.frames.append(self.frame)
        self.frame = frame
        self.operand = False
        self.need = False

    # -- the pass ------------------------------------------------------------------------------------------------------
    def run(self) -> Feed:
        kinds, texts = self.kinds, self.texts
        while self.at < self.last:
            if self.operand:
                self.after(kinds[self.at], texts[self.at])
            else:
                self.before(kinds[self.at], texts[self.at])
        if self.frames or self.frame.betweens or (self.need and not self.operand):
            raise self.error()
        return self

    def before(self, kind: int, text: str) -> None:
        """A token where an operand may begin."""
        frame = self.frame
        if kind == WORD:
            handler = BEFORE.get(text)
            if handler is None or not handler(self, text):
                self.name_operand(text)
        elif kind in LITERALS:
            self.put(raw.Literal(LITERALS[kind], text, position=self.position()))
        elif kind == PARAM:
            self.parameter(text)
        elif kind == QUOTED:
            self.name_operand(text)
        elif kind == OPERATOR:
            if text == "*" and not self.chained:
                self.put(raw.ColumnRef(("*",), True, position=self.position()))
            elif text in NEVER_PREFIX:
                raise self.error()
            else:
                self.operator("prefix", text)
        elif text == "(":
            inner = Frame(")")
            if frame.clause == "from" and not self.chained:
                inner.clause = "from"  # a join in parentheses
            self.open(inner)
            self.need = frame.clause != "group"  # only there may () stand
        elif text == "[" and frame.kind == "array":
            emit_call(self, "array", Frame("]", "array"), 1)
        elif text in (")", "]"):
            self.close(text)
        elif text == ":" and frame.kind == "index":
            self.colon()
        else:
            raise self.error()
        frame.fresh = False

    def after(self, kind: int, text: str) -> None:
        """A token behind a finished operand."""
        if kind == WORD:
            handler = AFTER.get(text)
            if handler is None or not handler(self, text):
                self.alias(text, text in NEEDS_AS or text in RESERVED or text in TYPE_FUNC)
        elif kind == OPERATOR:
            self.operator("op", text)
        elif kind == QUOTED:
            self.alias(text, False)
        elif kind in LITERALS or kind == PARAM:
            raise self.error()
        elif text == ",":
            self.comma()
        elif text in (")", "]"):
            self.close(text)
        elif text == "(":
            if self.is_whole_operand():
                raise self.error()
            is_list = self.frame.verb == "insert" and self.frame.clause not in ("set", "where")
            self.open(Frame(")", "names" if is_list else "paren"))
        elif text == ".":
            self.dot()
        elif text == "::":
            self.at += 1
            position = self.source.position(self.at - 1)
            self.dotted(CastMark(type_name(self), position))
        elif text == "[":
            self.index()
        elif text == ":" and self.frame.kind == "index":
            self.colon()
        else:
            raise self.error()

    # -- pieces --------------------------------------------------------------------------------------------------------
    def name_operand(self, text: str) -> None:
        """A name where an operand is due: a column, table or function, or the type of a typed literal."""
        position = self.position()
        is_word = self.kind() == WORD
        if is_word and text in RESERVED:
            raise self.error()
        following = self.kind(1)
        if following == STRING or (is_word and text in TYPE_WORDS and self.typed_literal_ahead()):
            return self.typed_literal()
        if is_word and text in CALLED_TYPES and self.punct(1) == "(":
            return self.typed_literal()  # numeric(1) begins a literal and nothing else
        if self.kind(1) == PUNCT and self.texts[self.at + 1] in ("=>", ":="):
            self.operator("prefix", "=>" + text, 2)
            return None
        if is_word and text in TYPE_FUNC and self.punct(1) != "(":
            raise self.error()
        word = Word(text, position)
        if self.frame.verb in ("insert", "update", "delete") and self.frame.target is None:
            self.frame.target = word
        self.put(word)
        return None

    def typed_literal_ahead(self) -> bool:
        """Whether a type spelled with several tokens is followed by a string: timestamp(3) with time zone '...'."""
        start = self.at
        try:
            type_name(self)
            return self.kind() == STRING
        except Exception:  # noqa: BLE001 - any syntax error just means that this is not a type
            return False
        finally:
            self.at = start

    def typed_literal(self) -> None:
        position = self.position()
        type_ = type_name(self)
        if self.kind() != STRING:
            raise self.error()
        literal = raw.Literal("string", self.texts[self.at], position=self.position())
        if type_.name.name == "bpchar" and self.punct(-1) != ")":
            type_.args = ()  # unlike a column's type, a literal's has no length of 1
        if type_.name.name == "interval":
            self.at += 1
            fields = interval_fields(self)
            if fields:
                type_.args = fields
            self.at -= 1
        self.put(raw.Cast(literal, type_, position=position))

    def parameter(self, text: str) -> None:
        number = int(text)
        if not 0 < number < 65536:
            raise DatabaseError(f"there is no parameter ${text}", sqlstate="42P02", position=self.position())
        self.highest_param = max(self.highest_param, number)
        self.put(raw.Parameter(number, position=self.position()))

    def alias(self, text: str, refused: bool) -> None:
        """A word behind an operand that is no keyword there: its new name."""
        if self.is_star():
            raise self.error()
        if refused and (text in NEEDS_AS or self.frame.clause not in ("select", "returning") or self.frames):
            raise self.error()
        self.emit_mark(Word(text, self.position()))
        self.at += 1

    def is_whole_operand(self) -> bool:
        """The last token stands for a literal or current_date and its kin, which take no arguments or fields."""
        last = self.tokens[-1]
        if last.token_type is not TokenType.IDENTIFIER or last.text != str(len(self.marks) - 1):
            return False
        return isinstance(self.marks[-1], (raw.Literal, raw.SqlValue))

    def is_star(self) -> bool:
        """The last token is the * of a select list: nothing can name it."""
        mark = self.marks[-1] if self.marks and self.tokens[-1].text == str(len(self.marks) - 1) else None
        return isinstance(mark, raw.ColumnRef) and mark.names == ("*",)

    def dot(self) -> None:
        if self.is_whole_operand():
            raise self.error()
        self.emit(TokenType.DOT, ".")
        self.at += 1
        if self.kind() in (WORD, QUOTED):
            self.emit_mark(Word(self.texts[self.at], self.position()))
        elif self.sees("*"):
            self.emit(TokenType.STAR, "*")
        else:
            raise self.error()
        self.at += 1

    def comma(self) -> None:
        frame = self.frame
        if frame.clause == "limit":
            start = max(i for i in range(self.at) if self.texts[i] == "limit")
            raise SyntaxError(
                "LIMIT #,# syntax is not supported", hint="Use separate LIMIT and OFFSET clauses.",
                position=self.source.position(start),
            )  # fmt: skip
        if frame.clause == "offset" or frame.kind == "case" or frame.joins:
            raise self.error()
        self.emit(TokenType.COMMA, ",")
        self.at += 1
        self.operand, self.need = False, True
        if frame.kind == "values":
            frame.fresh = True

    def separator(self, word: str) -> None:
        """A word that parts the arguments of a call: FROM in substring(a FROM b)."""
        if not self.operand and self.frame.mark.name == "substring":
            raise self.error()
        self.frame.mark.separators.append(word)
        if self.operand:
            self.emit(TokenType.COMMA, ",")
        self.at += 1
        self.operand, self.need = False, True

    def index(self) -> None:
        if self.frame.kind == "names":
            self.element()
            return
        mark = IndexMark(self.position())
        self.check_dimensions()
        self.emit(TokenType.DOT, ".")
        self.emit_mark(mark)
        self.open(Frame("]", "index", mark))
        self.need = True
        if self.sees(":"):
            self.need = False

    def element(self) -> None:
        """INSERT INTO t (a[1]): the subscripts are kept with the column's name."""
        if not isinstance(self.marks[-1], Word):
            raise self.error()
        first = self.at - 1
        while self.sees("["):
            self.check_dimensions()
            self.at = self.matching() + 1
        self.marks[-1].element = (first, self.at)

    def check_dimensions(self) -> None:
        """More subscripts in a row than an array can have dimensions."""
        at, count = self.at, 0
        while self.texts[at - 1] == "]" and count <= 6 and at > self.first:
            depth = 0
            while at > self.first:
                at -= 1
                depth += (self.texts[at] == "]") - (self.texts[at] == "[")
                if depth == 0:
                    break
            count += 1
        if count >= 6:
            raise ProgramLimitExceeded(
                f"number of array dimensions ({count + 1}) exceeds the maximum allowed (6)", position=self.position()
            )

    def colon(self) -> None:
        mark = self.frame.mark
        if mark.is_slice:
            raise self.error()
        mark.is_slice = True
        mark.has_lower = self.operand
        if self.operand and self.punct(1) != "]":
            self.emit(TokenType.COMMA, ",")
        self.at += 1
        self.operand, self.need = False, False

    def close(self, text: str) -> None:
        frame = self.frame
        if frame.closer != text or (self.need and not self.operand) or frame.betweens or frame.joins:
            raise self.error()
        if frame.kind == "index":
            frame.mark.has_upper = self.operand
        if frame.must_part and not frame.mark.separators:
            raise self.error()
        for _ in range(frame.extra + 1):
            self.emit(TokenType.R_PAREN, ")")
        self.at += 1
        self.frame = self.frames.pop()
        self.operand, self.need = True, False
        if frame.kind == "distinct on":
            self.operand = False

    def values_rows(self) -> None:
        """Behind VALUES: rows of plain literals in one mark, or nothing where there are others."""
        found = plain_rows(self)
        if found is None:
            return
        rows, behind, highest = found
        self.highest_param = max(self.highest_param, highest)
        self.emit(TokenType.L_PAREN, "(")
        self.emit_mark(RowsMark(rows))
        self.emit(TokenType.R_PAREN, ")")
        self.at = behind
        self.operand, self.need = True, False

    def long_list(self) -> bool:
        """At the parenthesis behind IN: a long list of plain literals becomes one mark."""
        position = self.position()
        row, behind, highest = plain_row(self, self.at)
        if row is None or len(row) < LONG_LIST or any(type(value) is raw.DefaultValue for value in row):
            return False
        self.highest_param = max(self.highest_param, highest)
        self.put(raw.Row(row, position=position), behind - self.at)
        return True

    def unsupported(self, what: str) -> Exception:
        return FeatureNotSupported(f"{what} is not supported", position=self.position())


def feed(source: Source, first: int, last: int) -> Feed:
    """The tokens and marks of the query in tokens [first, last) of the source."""
    feeding = Feed(source, first, last)
    if not starts_query(feeding):
        raise feeding.error()
    return feeding.run()


def feed_expression(source: Source, first: int, last: int) -> Feed:
    """The same for an expression that stands alone."""
    feeding = Feed(source, first, last)
    feeding.frame.fresh = False
    return feeding.run()
