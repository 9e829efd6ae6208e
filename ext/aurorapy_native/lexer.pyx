# cython: wraparound=True
"""The first look at a statement: text into tokens by PostgreSQL's lexical rules, in one pass over the characters.

    tokenize("SELECT $1::int, 'a''b'")
    kinds   WORD      PARAM  PUNCT  WORD  PUNCT  STRING  END
    texts   'select'  '1'    '::'   'int' ','    "a'b"   ''

Identifiers come folded to lower case (ASCII letters only, as PostgreSQL does in UTF-8) and cut at 63 bytes; strings
come decoded (`''`, E'' escapes, dollar quotes, U&'', pieces continued on another line); numbers, parameters and
operators as written (`!=` as `<>`). Starts and ends are character offsets, so error positions need no map. The work is
linear in the text and allocates one small object a token.

`fingerprint` gives the statement cache its key: the text with its literals taken out, and the literals.

Errors: SyntaxError 42601 with PostgreSQL's wording; ProgramLimitExceeded 54001 beyond MAX_DEPTH nested parentheses,
CASEs and runs of signs or NOTs, so that no recursive descent above can run out of stack.

Not here: which words are keywords (`aurorapy.sql.parse.keywords`), what a statement means.
"""

from cpython.exc cimport PyErr_CheckSignals
from cpython.unicode cimport PyUnicode_DATA, PyUnicode_KIND, PyUnicode_READ

from aurorapy.errors import ProgramLimitExceeded, SyntaxError as SqlSyntaxError

MAX_DEPTH = 1000
STACK_HINT = (
    'Increase the configuration parameter "max_stack_depth" (currently 2048kB), '
    "after ensuring the platform's stack depth limit is adequate."
)

END = 0
WORD = 1
QUOTED = 2
STRING = 3
BITS = 4
INTEGER = 5
NUMBER = 6
PARAM = 7
OPERATOR = 8
PUNCT = 9

cdef enum:
    K_END = 0
    K_WORD = 1
    K_QUOTED = 2
    K_STRING = 3
    K_BITS = 4
    K_INTEGER = 5
    K_NUMBER = 6
    K_PARAM = 7
    K_OPERATOR = 8
    K_PUNCT = 9

cdef enum:
    DEPTH_LIMIT = 1000
    TOKENS_A_LOOK = 8192     # for signals, of which the timer's lets others run (aurorapy.host.preemption)


def too_deep():
    """The error for a statement nested beyond what any stage can recurse into."""
    return ProgramLimitExceeded("stack depth limit exceeded", sqlstate="54001", hint=STACK_HINT)


cdef inline bint is_space(Py_UCS4 c) noexcept nogil:
    return c == 32 or (c >= 9 and c <= 13)


cdef inline bint is_digit(Py_UCS4 c) noexcept nogil:
    return c >= 48 and c <= 57


cdef inline bint is_word_start(Py_UCS4 c) noexcept nogil:
    return (c >= 97 and c <= 122) or (c >= 65 and c <= 90) or c == 95 or c >= 128


cdef inline bint is_word(Py_UCS4 c) noexcept nogil:
    return is_word_start(c) or is_digit(c) or c == 36


cdef inline bint is_operator(Py_UCS4 c) noexcept nogil:
    # ~ ! @ # ^ & | ` ? + - * / % < > =
    return (
        c == 43 or c == 45 or c == 42 or c == 47 or c == 60 or c == 62 or c == 61 or c == 126 or c == 33 or c == 64
        or c == 35 or c == 37 or c == 94 or c == 38 or c == 124 or c == 96 or c == 63
    )


cdef inline int hex_value(Py_UCS4 c) noexcept nogil:
    if c >= 48 and c <= 57:
        return <int> c - 48
    if c >= 97 and c <= 102:
        return <int> c - 87
    if c >= 65 and c <= 70:
        return <int> c - 55
    return -1


def fold(str name):
    """An unquoted identifier as the catalog knows it: ASCII letters in lower case, at most 63 bytes."""
    if name.isascii():
        name = name.lower()
        return name if len(name) < 64 else name[:63]
    return clip("".join([c.lower() if c < "\x80" else c for c in name]))


def clip(str name):
    """A name cut to 63 bytes of UTF-8 at a character's boundary."""
    if len(name) < 16:
        return name
    encoded = name.encode("utf-8", "surrogatepass")
    if len(encoded) < 64:
        return name
    return encoded[:63].decode("utf-8", "ignore")


cdef class Lexer:
    """One pass over one text; `run` fills the four lists."""

    cdef str text
    cdef int kind
    cdef void* data
    cdef Py_ssize_t length, at
    cdef public list kinds, texts, starts, ends
    cdef int depth, run

    def __init__(self, str text):
        self.text = text
        self.kind = PyUnicode_KIND(text)
        self.data = PyUnicode_DATA(text)
        self.length = len(text)
        self.at = 0
        self.kinds = []
        self.texts = []
        self.starts = []
        self.ends = []
        self.depth = 0
        self.run = 0

    cdef inline Py_UCS4 look(self, Py_ssize_t i) noexcept:
        return PyUnicode_READ(self.kind, self.data, i) if i < self.length else 0

    cdef int add(self, int kind, str text, Py_ssize_t start, Py_ssize_t end) except -1:
        self.kinds.append(kind)
        self.texts.append(text)
        self.starts.append(start)
        self.ends.append(end)
        return 0

    def fail(self, str message, Py_ssize_t start, str near=None):
        return SqlSyntaxError(f'{message} at or near "{near or self.text[start:]}"', position=start + 1)

    cdef int skip_blanks(self) except -1:
        """Moves `at` to the next token, over white space and comments."""
        cdef Py_UCS4 c
        cdef Py_ssize_t start
        cdef int level
        while self.at < self.length:
            c = self.look(self.at)
            if is_space(c):
                self.at += 1
            elif c == 45 and self.look(self.at + 1) == 45:
                while self.at < self.length and self.look(self.at) != 10 and self.look(self.at) != 13:
                    self.at += 1
            elif c == 47 and self.look(self.at + 1) == 42:
                start = self.at
                level = 1
                self.at += 2
                while level:
                    if self.at >= self.length:
                        raise self.fail("unterminated /* comment", start)
                    c = self.look(self.at)
                    if c == 42 and self.look(self.at + 1) == 47:
                        level -= 1
                        self.at += 2
                    elif c == 47 and self.look(self.at + 1) == 42:
                        level += 1
                        self.at += 2
                    else:
                        self.at += 1
            else:
                break
        return 0

    def run_all(self):
        """Reads the whole text; the lists end with one END token."""
        cdef Py_UCS4 c, d
        cdef Py_ssize_t start
        cdef int previous_run
        while True:
            self.skip_blanks()
            if self.at >= self.length:
                break
            start = self.at
            c = self.look(start)
            previous_run = self.run
            self.run = 0
            if is_word_start(c):
                d = self.look(start + 1)
                if d == 39 and (c == 101 or c == 69):
                    self.quoted_string(start, start + 2, True)
                elif d == 39 and (c == 110 or c == 78):
                    self.add(K_WORD, "nchar", start, start + 1)
                    self.quoted_string(start + 1, start + 2, False)
                elif d == 39 and (c == 98 or c == 66 or c == 120 or c == 88):
                    self.bit_string(start)
                elif (c == 117 or c == 85) and d == 38 and self.look(start + 2) == 39:
                    self.unicode_escaped(start, True)
                elif (c == 117 or c == 85) and d == 38 and self.look(start + 2) == 34:
                    self.unicode_escaped(start, False)
                else:
                    self.word(start, previous_run)
            elif c == 39:
                self.quoted_string(start, start + 1, False)
            elif c == 34:
                self.quoted_name(start)
            elif is_digit(c) or (c == 46 and is_digit(self.look(start + 1))):
                self.number(start)
            elif c == 36:
                self.dollar(start)
            elif is_operator(c):
                self.operator(start, previous_run)
            else:
                self.punctuation(start, c)
            if len(self.kinds) % TOKENS_A_LOOK == 0:
                PyErr_CheckSignals()
        self.add(K_END, "", self.length, self.length)

    cdef int deeper(self, int amount) except -1:
        if amount > DEPTH_LIMIT:
            raise too_deep()
        return 0

    cdef int word(self, Py_ssize_t start, int previous_run) except -1:
        cdef str name
        self.at = start + 1
        while self.at < self.length and is_word(self.look(self.at)):
            self.at += 1
        name = fold(self.text[start : self.at])
        self.add(K_WORD, name, start, self.at)
        if name == "not":
            self.run = previous_run + 1
            self.deeper(self.depth + self.run)
        elif name == "case":
            self.depth += 1
            self.deeper(self.depth)
        elif name == "end" and self.depth:
            self.depth -= 1
        return 0

    cdef int quoted_name(self, Py_ssize_t start) except -1:
        cdef Py_ssize_t i = start + 1
        cdef bint doubled = False
        cdef Py_UCS4 c
        while True:
            if i >= self.length:
                raise self.fail("unterminated quoted identifier", start)
            c = self.look(i)
            if c == 34:
                if self.look(i + 1) != 34:
                    break
                doubled = True
                i += 1
            i += 1
        self.at = i + 1
        if i == start + 1:
            raise self.fail("zero-length delimited identifier", start, '""')
        name = self.text[start + 1 : i]
        self.add(K_QUOTED, clip(name.replace('""', '"') if doubled else name), start, self.at)
        return 0

    cdef Py_ssize_t closing_quote(self, Py_ssize_t token, Py_ssize_t i, bint escapes) except -1:
        """Index of the quote that ends the piece beginning at `i`."""
        cdef Py_UCS4 c
        while True:
            if i >= self.length:
                raise self.fail("unterminated quoted string", token)
            c = self.look(i)
            if c == 39:
                if self.look(i + 1) != 39:
                    return i
                i += 2
            elif c == 92 and escapes:
                i += 2
            else:
                i += 1

    cdef Py_ssize_t continuation(self, Py_ssize_t i) except -2:
        """After a closing quote: where a string continued on another line goes on, or -1."""
        cdef bint newline = False
        cdef Py_UCS4 c
        while i < self.length:
            c = self.look(i)
            if c == 10 or c == 13:
                newline = True
                i += 1
            elif is_space(c):
                i += 1
            elif c == 45 and self.look(i + 1) == 45:
                while i < self.length and self.look(i) != 10 and self.look(i) != 13:
                    i += 1
            else:
                return i + 1 if c == 39 and newline else -1
        return -1

    cdef int quoted_string(self, Py_ssize_t token, Py_ssize_t body, bint escapes) except -1:
        cdef Py_ssize_t end
        pieces = []
        while True:
            end = self.closing_quote(token, body, escapes)
            if escapes:
                pieces.append(self.unescape(body, end))
            else:
                piece = self.text[body:end]
                pieces.append(piece.replace("''", "'") if "'" in piece else piece)
            body = self.continuation(end + 1)
            if body < 0:
                break
        self.at = end + 1
        self.add(K_STRING, pieces[0] if len(pieces) == 1 else "".join(pieces), token, self.at)
        return 0

    def unescape(self, Py_ssize_t i, Py_ssize_t end):
        """The body of an E'' string, decoded; byte escapes must form valid UTF-8."""
        cdef Py_UCS4 c
        cdef Py_ssize_t digits, start
        cdef int value, limit
        out = bytearray()
        high = 0
        while i < end:
            c = self.look(i)
            if c == 39:
                out += b"'"
                i += 2
                continue
            if c != 92:
                start = i
                while i < end and self.look(i) != 92 and self.look(i) != 39:
                    i += 1
                out += self.text[start:i].encode("utf-8", "surrogatepass")
                continue
            c = self.look(i + 1)
            start = i
            i += 2
            if c == 117 or c == 85:
                limit = 4 if c == 117 else 8
                value = 0
                for digits in range(limit):
                    if i >= end or hex_value(self.look(i)) < 0:
                        raise SqlSyntaxError(
                            "invalid Unicode escape", sqlstate="22025", position=start + 1,
                            hint="Unicode escapes must be \\uXXXX or \\UXXXXXXXX.",
                        )
                    value = value * 16 + hex_value(self.look(i))
                    i += 1
                if 0xD800 <= value < 0xDC00:
                    high = value
                    continue
                if 0xDC00 <= value < 0xE000:
                    if not high:
                        raise SqlSyntaxError("invalid Unicode surrogate pair", position=start + 1)
                    value = 0x10000 + ((high & 0x3FF) << 10) + (value & 0x3FF)
                elif high or value == 0 or value > 0x10FFFF:
                    raise SqlSyntaxError(
                        "invalid Unicode surrogate pair" if high else "invalid Unicode escape value", position=start + 1
                    )
                high = 0
                out += chr(value).encode("utf-8")
            elif c == 120 and i < end and hex_value(self.look(i)) >= 0:
                value = hex_value(self.look(i))
                i += 1
                if i < end and hex_value(self.look(i)) >= 0:
                    value = value * 16 + hex_value(self.look(i))
                    i += 1
                out.append(value)
            elif c >= 48 and c <= 55:
                value = <int> c - 48
                digits = 1
                while digits < 3 and i < end and 48 <= self.look(i) <= 55:
                    value = value * 8 + (<int> self.look(i) - 48)
                    i += 1
                    digits += 1
                out.append(value & 255)
            else:
                out += {98: b"\b", 102: b"\f", 110: b"\n", 114: b"\r", 116: b"\t", 118: b"\v"}.get(
                    <int>c, chr(c).encode("utf-8", "surrogatepass")
                )
        if high:
            raise SqlSyntaxError("invalid Unicode surrogate pair", position=end + 1)
        try:
            decoded = out.decode("utf-8")
        except UnicodeDecodeError as bad:
            raise SqlSyntaxError(
                'invalid byte sequence for encoding "UTF8": '
                + " ".join(f"0x{b:02x}" for b in out[bad.start : bad.end]),
                sqlstate="22021",
            ) from None
        if "\0" in decoded:
            raise SqlSyntaxError('invalid byte sequence for encoding "UTF8": 0x00', sqlstate="22021")
        return decoded

    cdef int bit_string(self, Py_ssize_t token) except -1:
        cdef Py_ssize_t end = token + 2
        while end < self.length and self.look(end) != 39:
            end += 1
        if end >= self.length:
            kind = "bit string" if self.look(token) in (98, 66) else "hexadecimal string"
            raise self.fail(f"unterminated {kind} literal", token)
        self.at = end + 1
        self.add(K_BITS, self.text[token].lower() + self.text[token + 2 : end], token, self.at)
        return 0

    cdef int unicode_escaped(self, Py_ssize_t token, bint is_string) except -1:
        """U&'...' and U&"...", with an optional UESCAPE 'c' behind."""
        cdef Py_ssize_t end, place
        if is_string:
            self.quoted_string(token, token + 3, False)
        else:
            self.at = token + 2
            self.quoted_name(token + 2)
            self.starts[-1] = token
        body = self.texts[-1]
        end = self.at
        escape = "\\"
        self.skip_blanks()
        if self.text[self.at : self.at + 7].lower() == "uescape":
            place = self.at + 7
            self.at = place
            self.skip_blanks()
            if self.look(self.at) == 39 and self.look(self.at + 2) == 39 and self.look(self.at + 1) not in (39, 43, 34):
                escape = self.text[self.at + 1]
                end = self.at + 3
        self.at = end
        self.ends[-1] = end
        self.texts[-1] = decode_unicode(body, escape, token)
        return 0

    cdef int number(self, Py_ssize_t start) except -1:
        cdef bint whole = True
        cdef Py_ssize_t mark
        self.at = start
        while is_digit(self.look(self.at)):
            self.at += 1
        if self.look(self.at) == 46 and self.look(self.at + 1) != 46:
            whole = False
            self.at += 1
            while is_digit(self.look(self.at)):
                self.at += 1
        if self.look(self.at) == 101 or self.look(self.at) == 69:
            mark = self.at + 1
            if self.look(mark) == 43 or self.look(mark) == 45:
                mark += 1
            if is_digit(self.look(mark)):
                whole = False
                self.at = mark
                while is_digit(self.look(self.at)):
                    self.at += 1
        if self.at < self.length and is_word_start(self.look(self.at)):
            mark = self.at
            while mark < self.length and is_word(self.look(mark)):
                mark += 1
            raise self.fail("trailing junk after numeric literal", start, self.text[start:mark])
        self.add(K_INTEGER if whole else K_NUMBER, self.text[start : self.at], start, self.at)
        return 0

    cdef int dollar(self, Py_ssize_t start) except -1:
        cdef Py_ssize_t i = start + 1, end
        if is_digit(self.look(i)):
            while is_digit(self.look(i)):
                i += 1
            if i < self.length and is_word_start(self.look(i)):
                end = i
                while end < self.length and is_word(self.look(end)):
                    end += 1
                raise self.fail("trailing junk after parameter", start, self.text[start:end])
            self.at = i
            self.add(K_PARAM, self.text[start + 1 : i], start, i)
            return 0
        if is_word_start(self.look(i)):
            while i < self.length and (is_word_start(self.look(i)) or is_digit(self.look(i))):
                i += 1
        if self.look(i) != 36:
            raise SqlSyntaxError('syntax error at or near "$"', position=start + 1)
        tag = self.text[start : i + 1]
        end = self.text.find(tag, i + 1)
        if end < 0:
            raise self.fail("unterminated dollar-quoted string", start)
        self.at = end + len(tag)
        self.add(K_STRING, self.text[i + 1 : end], start, self.at)
        return 0

    cdef int operator(self, Py_ssize_t start, int previous_run) except -1:
        cdef Py_ssize_t i = start
        cdef Py_UCS4 c
        cdef bint special = False
        while i < self.length and is_operator(self.look(i)):
            c = self.look(i)
            # a comment ends the operator
            if i > start and ((c == 45 and self.look(i + 1) == 45) or (c == 47 and self.look(i + 1) == 42)):
                break
            if (c == 126 or c == 33 or c == 64 or c == 35 or c == 94 or c == 38 or c == 124 or c == 96 or c == 63
                    or c == 37):
                special = True
            i += 1
        # an operator of several characters ends in + or - only if it holds one of ~ ! @ # % ^ & | ` ?
        while i - start > 1 and not special and (self.look(i - 1) == 43 or self.look(i - 1) == 45):
            i -= 1
        text = self.text[start:i]
        self.at = i
        if text == "=>":
            self.add(K_PUNCT, text, start, i)
            return 0
        if len(text) > 63:
            raise SqlSyntaxError("operator too long", position=start + 1)
        self.add(K_OPERATOR, "<>" if text == "!=" else text, start, i)
        self.run = previous_run + 1
        self.deeper(self.depth + self.run)
        return 0

    cdef int punctuation(self, Py_ssize_t start, Py_UCS4 c) except -1:
        cdef Py_UCS4 d = self.look(start + 1)
        self.at = start + 1
        if c == 40 or c == 91:
            self.depth += 1
            self.deeper(self.depth)
        elif c == 41 or c == 93:
            if self.depth:
                self.depth -= 1
        elif c == 58 and (d == 58 or d == 61):
            self.at = start + 2
        elif c == 46 and d == 46:
            self.at = start + 2
        elif c == 59:
            self.depth = 0
        elif c != 44 and c != 46 and c != 58:
            raise SqlSyntaxError(f'syntax error at or near "{self.text[start]}"', position=start + 1)
        self.add(K_PUNCT, self.text[start : self.at], start, self.at)
        return 0


def decode_unicode(str body, str escape, Py_ssize_t token):
    """Resolves \\XXXX and \\+XXXXXX in the body of a U& literal."""
    out = []
    i = 0
    while i < len(body):
        c = body[i]
        if c != escape:
            out.append(c)
            i += 1
            continue
        if body[i + 1 : i + 2] == escape:
            out.append(escape)
            i += 2
            continue
        wide = body[i + 1 : i + 2] == "+"
        digits = body[i + 2 : i + 8] if wide else body[i + 1 : i + 5]
        try:
            if len(digits) != (6 if wide else 4):
                raise ValueError
            out.append(chr(int(digits, 16)))
        except ValueError:
            raise SqlSyntaxError(
                "invalid Unicode escape", sqlstate="22025", position=token + 4 + i,
                hint="Unicode escapes must be \\XXXX or \\+XXXXXX.",
            ) from None
        i += 8 if wide else 5
    text = "".join(out)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def tokenize(str text):
    """(kinds, texts, starts, ends) of the whole text, ending with an END token."""
    lexer = Lexer(text)
    lexer.run_all()
    return lexer.kinds, lexer.texts, lexer.starts, lexer.ends


FIRST_WORDS = frozenset(("select", "insert", "update", "delete"))
# statements in which equal literals must stay recognizably equal, or stand where no operand does
WHOLE_WORDS = frozenset(
    ("group", "distinct", "union", "intersect", "except", "over", "having", "with", "grouping", "conflict", "window")
)
OPERAND_BEFORE = frozenset(("between", "and", "or", "then", "else", "when"))
OPERAND_BEHIND = frozenset(
    ("and", "or", "where", "returning", "limit", "order", "for", "then", "else", "end", "from", "when")
)


def fingerprint(str text):
    """What a statement shares with others that differ only in literals: (key, parameterized text, type OIDs, values).

    A literal is taken out where it is an operand beyond doubt: behind an operator, BETWEEN or AND, or as an item of
    INSERT's VALUES. Integers and numerics keep their type (23, 20, 1700) in the key, strings stay untyped (0), so the
    parameterized text resolves its operators as the literal text does. Values are str, signs included.

        UPDATE t SET a = a + -5 WHERE b = 'x'
        ("UPDATE t SET a = a + $1i WHERE b = $2s", "UPDATE t SET a = a + $1 WHERE b = $2", (23, 0), ("-5", "x"))

    None when nothing is to be taken out, the text holds parameters or several statements, or its literals mean more
    than their value (GROUP BY, DISTINCT, set operations). An error while binding the parameterized text has other
    positions: bind the original instead.
    """
    cdef list kinds, texts, starts, ends
    cdef Py_ssize_t i, count, first, last_end, depth
    cdef int kind, before, behind
    cdef bint in_values, row, taken
    lexer = Lexer(text)
    lexer.run_all()
    kinds, texts, starts, ends = lexer.kinds, lexer.texts, lexer.starts, lexer.ends
    count = len(kinds) - 1
    if count and kinds[count - 1] == K_PUNCT and texts[count - 1] == ";":
        count -= 1
    if count < 2 or kinds[0] != K_WORD or texts[0] not in FIRST_WORDS:
        return None
    is_insert = texts[0] == "insert"
    in_values = False
    depth = 0
    last_end = 0
    pieces, key, types, values = [], [], [], []
    for i in range(count):
        kind = kinds[i]
        if kind == K_WORD:
            word = texts[i]
            if word in WHOLE_WORDS:
                return None
            if word == "values" and is_insert and depth == 0:
                in_values = True
            elif depth == 0 and in_values:
                in_values = False
            continue
        if kind == K_PARAM or kind == K_BITS:
            return None
        if kind == K_PUNCT:
            mark = texts[i]
            if mark == "(" or mark == "[":
                depth += 1
            elif mark == ")" or mark == "]":
                depth -= 1
            elif mark == ";":
                return None
            continue
        if kind != K_STRING and kind != K_INTEGER and kind != K_NUMBER or i == 0:
            continue
        before = kinds[i - 1]
        first = i
        taken = False
        row = in_values and depth == 1
        if before == K_OPERATOR:
            sign = texts[i - 1]
            if (sign == "-" or sign == "+") and (
                kinds[i - 2] == K_OPERATOR or row and kinds[i - 2] == K_PUNCT and texts[i - 2] in ("(", ",")
            ):
                taken = kind != K_STRING
                first = i - 1
            else:
                taken = kinds[i - 2] != K_OPERATOR
        elif before == K_PUNCT:
            taken = row and texts[i - 1] in ("(", ",")
        elif before == K_WORD:
            taken = texts[i - 1] in OPERAND_BEFORE
        behind = kinds[i + 1] if i + 1 < count else K_END
        if behind == K_PUNCT:
            taken = taken and texts[i + 1] in (")", ",")
        elif behind == K_WORD:
            taken = taken and texts[i + 1] in OPERAND_BEHIND
        elif behind != K_END and behind != K_OPERATOR:
            taken = False
        if not taken:
            continue
        value = texts[i]
        if first != i and texts[first] == "-":
            value = "-" + value
        if kind == K_STRING:
            letter, oid = "s", 0
        elif kind == K_NUMBER:
            letter, oid = "n", 1700
        else:
            number = int(value)
            if -2147483648 <= number <= 2147483647:
                letter, oid = "i", 23
            elif -(2**63) <= number < 2**63:
                letter, oid = "l", 20
            else:
                letter, oid = "n", 1700
        values.append(value)
        types.append(oid)
        between = text[last_end : starts[first]]
        name = f"${len(values)}"
        key.append(between)
        key.append(name + letter)
        pieces.append(between)
        pieces.append(name)
        last_end = ends[i]
    if not values:
        return None
    rest = text[last_end : ends[count - 1]]
    return "".join(key) + rest, "".join(pieces) + rest, tuple(types), tuple(values)
