"""INSERT ... VALUES of many rows of plain literals: the rows become a batch without being parsed.

    found = find_values("INSERT INTO t (a, b) VALUES (1, 'x'), (-2, NULL), ...")
    found.head, found.width             "INSERT INTO t (a, b) VALUES", 2
    found.scan(text, batch)             MORE: the batch is full · DONE: that was all · OTHER: not for here

Taken are numbers without an exponent, strings between plain quotes, NULL, TRUE and FALSE; each must be one that RowText
takes for its column. Everything else - expressions, comments, E'' strings, rows that differ in length, something behind
the last row - is OTHER: then the statement goes to the parser as it stands, which knows every case and error.

Not here: what the head means; it is parsed once with a row of parameters (session/bulk_insert.py).
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memchr

from aurorapy_native.row_batch cimport RowBatch
from aurorapy_native.row_text cimport (FIELD_DOUBLED, FIELD_FALSE, FIELD_NULL, FIELD_NUMBER, FIELD_PLAIN, FIELD_TRUE,
                                       Field, RowText)

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL

MORE, DONE, OTHER = range(3)

cdef enum:
    C_MORE = 0
    C_DONE = 1
    C_OTHER = 2
    WIDTH_MAX = 1600


cdef inline bint is_space(char c) noexcept nogil:
    return c == 32 or 9 <= c <= 13


cdef inline bint is_digit(char c) noexcept nogil:
    return c"0" <= c <= c"9"


cdef inline bint is_word(char c) noexcept nogil:
    return c"a" <= (c | 32) <= c"z" or c == c"_" or c == c"$" or is_digit(c) or <uint8_t> c >= 0x80


cdef inline const char* skip(const char* s) noexcept nogil:
    """Past white space; the text ends with a NUL."""
    while is_space(s[0]):
        s += 1
    return s


cdef bint is_named(const char* s, Py_ssize_t n, const char* word) noexcept nogil:
    """s[:n] is this word, in any case; and a word that ends there."""
    cdef Py_ssize_t i
    for i in range(n):
        if s[i] | 32 != word[i]:
            return False
    return word[n] == 0 and not is_word(s[n])


def find_values(str text not None):
    """A ValuesLines, or None when this is no INSERT with VALUES behind a plain head."""
    cdef Py_ssize_t n = 0
    cdef const char* start = PyUnicode_AsUTF8AndSize(text, &n)
    cdef const char* s
    cdef const char* word
    cdef int depth = 0
    if memchr(start, 0, n) != NULL:
        return None
    s = skip(start)
    if not is_named(s, 6, b"insert"):
        return None
    while True:
        s = skip(s)
        if is_word(s[0]):
            word = s
            while is_word(s[0]):
                s += 1
            if depth == 0 and s - word == 6 and is_named(word, 6, b"values"):
                break
        elif s[0] == c'"':
            s += 1
            while s[0] != c'"' and s[0] != 0:
                s += 1
            if s[0] == 0:
                return None
            s += 1
        elif s[0] == c"," or s[0] == c"." or s[0] == c"(" or s[0] == c")":
            depth += (s[0] == c"(") - (s[0] == c")")
            s += 1
        else:
            return None
    return ValuesLines(text, s - start)


cdef class ValuesLines:
    cdef str text                    # whose UTF-8 stays where it is as long as it lives
    cdef const char* start
    cdef Py_ssize_t head_size        # the first row begins there
    cdef Py_ssize_t at               # where to go on
    cdef Field[WIDTH_MAX] fields
    cdef readonly int width

    def __cinit__(self, str text, Py_ssize_t head_size):
        cdef Py_ssize_t n = 0
        cdef const char* behind
        self.text = text
        self.start = PyUnicode_AsUTF8AndSize(text, &n)
        self.head_size = self.at = head_size
        behind = self.row(self.start + head_size)
        if behind == NULL:
            self.width = 0

    @property
    def head(self):
        """The statement up to VALUES."""
        return self.start[:self.head_size].decode()

    cdef const char* row(self, const char* s) noexcept nogil:
        """The literals of a row; where it ends, NULL when it is not for here. The first one sets the width."""
        cdef int count = 0
        s = skip(s)
        if s[0] != c"(":
            return NULL
        while True:
            if count == WIDTH_MAX:
                return NULL
            s = literal(skip(s + 1), &self.fields[count])
            if s == NULL:
                return NULL
            count += 1
            s = skip(s)
            if s[0] == c")":
                break
            if s[0] != c",":
                return NULL
        if self.width == 0:
            self.width = count
        return s + 1 if count == self.width else NULL

    def scan(self, RowText text not None, RowBatch batch not None):
        """Rows into the batch, until one of MORE, DONE, OTHER."""
        cdef const char* s = self.start + self.at
        while not batch.is_full():
            s = self.row(s)
            if s == NULL or not text.add(batch, self.fields):
                return C_OTHER
            s = skip(s)
            if s[0] != c",":
                if s[0] == c";":
                    s = skip(s + 1)
                return C_DONE if s[0] == 0 else C_OTHER
            s += 1
            self.at = s - self.start
        return C_MORE


cdef const char* literal(const char* s, Field* field) noexcept nogil:
    """Reads one literal; where it ends, or NULL."""
    cdef const char* begin = s
    cdef bint digits = False
    field.at = s
    if s[0] == c"'":
        field.at = s + 1
        field.form = FIELD_PLAIN
        while True:
            s += 1
            if s[0] == 0:
                return NULL
            if s[0] == c"'":
                if s[1] != c"'":
                    break
                field.form = FIELD_DOUBLED
                s += 1
        field.length = <uint32_t> (s - field.at)
        return s + 1 if skip(s + 1)[0] != c"'" else NULL     # a string goes on behind a new line
    if s[0] == c"-" or s[0] == c"+" or s[0] == c"." or is_digit(s[0]):
        if s[0] == c"-" or s[0] == c"+":
            s += 1
        while is_digit(s[0]):
            digits = True
            s += 1
        if s[0] == c".":
            s += 1
            while is_digit(s[0]):
                digits = True
                s += 1
        if not digits or is_word(s[0]) or s[0] == c".":
            return NULL
        field.form = FIELD_NUMBER
    elif is_named(s, 4, b"null"):
        field.form = FIELD_NULL
        s += 4
    elif is_named(s, 4, b"true"):
        field.form = FIELD_TRUE
        s += 4
    elif is_named(s, 5, b"false"):
        field.form = FIELD_FALSE
        s += 5
    else:
        return NULL
    field.length = <uint32_t> (s - begin)
    return s
