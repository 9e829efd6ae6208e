"""Rows' bytes from fields of text, without a Python value in between: COPY's lines, VALUES lists of literals.

    text = RowText(heap.codec, 2, (0, None, 1), ("4", "", "v"), (-1, -1, 14), (None, 7, None), (True, False, False))
    "42", "ab"  →  the row (42, 7, 'ab')

| kind | text that is taken |
|---|---|
| 2 4 8 | digits with a sign |
| b | t f true false, 1 0; words of SQL |
| t | anything; v varchar(n) and p character(n): what is not too long |
| n | up to 36 digits with a point, as many behind it as the type has room for |
| d | decimal numbers within the range |
| D T Z | ISO dates; timestamps; timestamps with a numeric zone |
| g | 32 hexadecimal digits, with or without the four hyphens |

Whatever else a type takes or refuses is answered with 0: "not for here". The caller reads that row with the types' own
input functions, which have the errors' words. Text is UTF-8 that somebody has checked.

Not here: finding fields in a line (copy_lines) or in a statement (values_lines).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcmp, memcpy, memset

from aurorapy_native.datetime cimport NO_DATE, days_of, timestamp_of
from aurorapy_native.row_batch cimport BATCH_ROW_MAX, RowBatch
from aurorapy_native.row_values cimport NUMERIC_NEGATIVE, NUMERIC_ODD
from aurorapy_native.tuples cimport HAS_NULLS, TUPLE_HEADER, RowCodec, TupleHeader

cdef extern from "Python.h":
    double PyOS_string_to_double(const char* s, char** end, object overflow) except? -1.0

cdef enum:
    DIGITS_MAX = 36
    DOUBLE_CHARS_MAX = 60


cdef class RowText:
    def __cinit__(self, RowCodec codec not None, int fields, tuple source not None, tuple kinds not None,
                  tuple limits not None, tuple constants not None, tuple required not None):
        cdef int i, n = codec.natts
        if not len(source) == len(kinds) == len(limits) == len(constants) == len(required) == n:
            raise ValueError("an entry a column is needed")
        self.codec = codec
        self.fields = fields
        self.source = <int*> calloc(n + 1, sizeof(int))
        self.kind = <char*> calloc(n + 1, 1)
        self.limit = <int*> calloc(n + 1, sizeof(int))
        self.required = <uint8_t*> calloc(n + 1, 1)
        if not (self.source and self.kind and self.limit and self.required):
            raise MemoryError
        self.constants = []
        for i in range(n):
            self.source[i] = -1 if source[i] is None else source[i]
            self.kind[i] = <char> ord(kinds[i]) if kinds[i] else 0
            self.limit[i] = limits[i]
            self.required[i] = 1 if required[i] else 0
            self.constants.append(None if constants[i] is None else stored(codec, i, constants[i]))
            self.constant_null = self.constant_null or self.source[i] < 0 and constants[i] is None

    def __init__(self, codec, fields, source, kinds, limits, constants, required):
        """fields: how many a row of text has. A column's entries: the number of its field, or None; its kind, '' when
        its text is never for here; its type modifier; its value where it has no field; whether it must not be NULL."""

    def __dealloc__(self):
        free(self.source)
        free(self.kind)
        free(self.limit)
        free(self.required)
        free(self.scratch)

    cdef int add(self, RowBatch batch, const Field* fields) except -1:
        cdef size_t start = batch.used
        cdef int i, n = self.codec.natts
        cdef bint nulls = self.constant_null
        cdef uint32_t bitmap
        cdef TupleHeader* header
        cdef Field field
        cdef bytes constant
        for i in range(n):
            if self.source[i] >= 0 and fields[self.source[i]].form == FIELD_NULL:
                nulls = True
                if self.required[i]:
                    return 0
            elif self.source[i] < 0 and self.required[i] and self.constants[i] is None:
                return 0
        bitmap = (n + 7) >> 3 if nulls else 0
        batch.reserve(TUPLE_HEADER + bitmap)
        memset(batch.data + start, 0, TUPLE_HEADER + bitmap)
        batch.used = start + TUPLE_HEADER + bitmap
        for i in range(n):
            if self.source[i] < 0:
                if self.constants[i] is None:
                    continue
                constant = <bytes> self.constants[i]
                batch.reserve(PyBytes_GET_SIZE(constant))
                memcpy(batch.data + batch.used, PyBytes_AS_STRING(constant), PyBytes_GET_SIZE(constant))
                batch.used += PyBytes_GET_SIZE(constant)
            else:
                field = fields[self.source[i]]
                if field.form == FIELD_NULL:
                    continue
                if ((field.form == FIELD_BACKSLASHED or field.form == FIELD_DOUBLED) and not self.unescape(&field)
                        or not self.put(batch, i, field.at, field.length, field.form)):
                    batch.used = start
                    return 0
            if nulls:
                batch.data[start + TUPLE_HEADER + (i >> 3)] |= <char> (1 << (i & 7))
        if batch.used - start > BATCH_ROW_MAX:
            batch.used = start
            return 0
        header = <TupleHeader*> (batch.data + start)
        header.natts = <uint16_t> n
        header.hoff = <uint16_t> (TUPLE_HEADER + bitmap)
        header.infomask = HAS_NULLS if nulls else 0
        batch.end_row()
        return 1

    cdef int unescape(self, Field* field) except -1:
        """The field without its escapes, in scratch. 0: it has one that is not for here."""
        cdef uint32_t i = 0, n = field.length
        cdef const char* s = field.at
        cdef char* to
        cdef char c
        if self.scratch_size < n + 1:
            to = <char*> realloc(self.scratch, 2 * n + 64)
            if to == NULL:
                raise MemoryError
            self.scratch = to
            self.scratch_size = 2 * n + 64
        to = self.scratch
        while i < n:
            c = s[i]
            if field.form == FIELD_DOUBLED:
                if c == c"'":
                    i += 1
            elif c == c"\\":
                i += 1
                if i == n:
                    return 0
                c = s[i]
                if c == c"n":
                    c = 10
                elif c == c"t":
                    c = 9
                elif c == c"r":
                    c = 13
                elif c == c"b":
                    c = 8
                elif c == c"f":
                    c = 12
                elif c == c"v":
                    c = 11
                elif c == c"x" or c == c"." or c == 0 or c"0" <= c <= c"7":
                    return 0
            to[0] = c
            to += 1
            i += 1
        to[0] = 0
        field.at = self.scratch
        field.length = <uint32_t> (to - self.scratch)
        field.form = FIELD_PLAIN
        return 1

    cdef int put(self, RowBatch batch, int column, const char* s, uint32_t n, uint8_t form) except -1:
        cdef char kind = self.kind[column]
        cdef int limit = self.limit[column], with_zone, zone = 0
        cdef int64_t number = 0
        cdef double real = 0
        cdef char* to
        batch.reserve(40)
        to = batch.data + batch.used
        if kind == c"4" or kind == c"8" or kind == c"2":
            if form > FIELD_NUMBER or not integer(s, n, &number):
                return 0
            if kind == c"4":
                if number != <int32_t> number:
                    return 0
                memcpy(to, &number, 4)
                batch.used += 4
            elif kind == c"8":
                memcpy(to, &number, 8)
                batch.used += 8
            else:
                if number != <int16_t> number:
                    return 0
                memcpy(to, &number, 2)
                batch.used += 2
            return 1
        if kind == c"b":
            if form == FIELD_TRUE or form == FIELD_FALSE:
                to[0] = form == FIELD_TRUE
            elif form == FIELD_NUMBER:
                return 0
            elif n == 1 and (s[0] == c"t" or s[0] == c"1") or n == 4 and memcmp(s, b"true", 4) == 0:
                to[0] = 1
            elif n == 1 and (s[0] == c"f" or s[0] == c"0") or n == 5 and memcmp(s, b"false", 5) == 0:
                to[0] = 0
            else:
                return 0
            batch.used += 1
            return 1
        if kind == c"n":
            return form <= FIELD_NUMBER and self.put_numeric(batch, limit, s, n)
        if kind == c"d":
            if form > FIELD_NUMBER or not decimal(s, n, &real):
                return 0
            memcpy(to, &real, 8)
            batch.used += 8
            return 1
        if form != FIELD_PLAIN:
            return 0
        if kind == c"t" or kind == c"v" or kind == c"p":
            return self.put_text(batch, kind, limit, s, n)
        if kind == c"D":
            number = days_of(s) if n == 10 else NO_DATE
            if number == NO_DATE:
                return 0
            memcpy(to, &number, 4)
            batch.used += 4
            return 1
        if kind == c"T" or kind == c"Z":
            with_zone = timestamp_of(s, n, &number, &zone)
            if with_zone == 0 or limit >= 0 or kind == c"Z" and with_zone == 1:
                return 0
            if kind == c"Z":
                number -= zone * <int64_t> 1000000
            memcpy(to, &number, 8)
            batch.used += 8
            return 1
        if kind == c"g":
            if not uuid(s, n, to):
                return 0
            batch.used += 16
            return 1
        return 0

    cdef int put_text(self, RowBatch batch, char kind, int limit, const char* s, uint32_t n) except -1:
        cdef uint32_t blanks = 0, chars = n, room, i
        cdef char* to
        if n > BATCH_ROW_MAX:
            return 0
        if kind != c"t" and limit >= 4:
            room = <uint32_t> limit - 4
            if n > room or kind == c"p":
                for i in range(n):
                    chars -= (<uint8_t> s[i] & 0xC0) == 0x80
            if chars > room:
                return 0
            if kind == c"p":
                blanks = room - chars
                if n + blanks > BATCH_ROW_MAX:
                    return 0
        batch.reserve(n + blanks + 2)
        to = batch.data + batch.used
        if n + blanks < 0x80:
            to[0] = <char> (n + blanks)
            to += 1
        else:
            to[0] = <char> (0x80 | ((n + blanks) >> 8))
            to[1] = <char> ((n + blanks) & 0xFF)
            to += 2
        memcpy(to, s, n)
        memset(to + n, c" ", blanks)
        batch.used = (to - batch.data) + n + blanks
        return 1

    cdef int put_numeric(self, RowBatch batch, int limit, const char* s, uint32_t n) except -1:
        """In the form that RowCodec gives the same number: as many digits in front as Decimal shows, all those
        behind."""
        cdef char[DIGITS_MAX + 2] digit
        cdef int digits = 0, behind = 0, precision, scale, whole, i
        cdef bint negative = False, point = False, zero = True
        cdef char* to
        cdef char c
        if n > 0 and (s[0] == c"-" or s[0] == c"+"):
            negative = s[0] == c"-"
            s += 1
            n -= 1
        if n == 0 or n == 1 and s[0] == c".":
            return 0
        for i in range(<int> n):
            c = s[i]
            if c == c".":
                if point:
                    return 0
                point = True
                continue
            if not c"0" <= c <= c"9" or digits == DIGITS_MAX:
                return 0
            if digits == 0 and c == c"0" and not point:
                continue                         # in front
            if c != c"0":
                zero = False
            if point:
                behind += 1
            digit[digits] = c - 48
            digits += 1
        whole = digits - behind
        if limit >= 4:
            precision = (limit - 4) >> 16
            scale = (limit - 4) & 0x7FF
            if scale >= 1024 or behind > scale or whole > precision - scale or digits + scale - behind > DIGITS_MAX:
                return 0
            while behind < scale:
                digit[digits] = 0
                digits += 1
                behind += 1
        negative = negative and not zero
        if whole == 0:                           # a 0 before the point
            if digits == DIGITS_MAX:
                return 0
            for i in range(digits, 0, -1):
                digit[i] = digit[i - 1]
            digit[0] = 0
            digits += 1
            if behind > 6:
                return 0                         # such numbers may show an exponent
        to = batch.data + batch.used
        to[0] = <char> (2 + ((digits + 1) >> 1))
        to[1] = <char> ((NUMERIC_NEGATIVE if negative else 0) | (NUMERIC_ODD if digits & 1 else 0))
        to[2] = <char> -behind
        to += 3
        for i in range(digits):
            if i & 1:
                to[i >> 1] |= digit[i]
            else:
                to[i >> 1] = <char> (digit[i] << 4)
        batch.used += 3 + ((digits + 1) >> 1)
        return 1


cdef bytes stored(RowCodec codec, int i, object value):
    """A column's value as it stands in a row."""
    codec.used = 0
    codec.put_value(codec.letter[i], value, False)
    return codec.data[:codec.used]


cdef bint integer(const char* s, uint32_t n, int64_t* value) noexcept nogil:
    """Up to 18 digits with a sign."""
    cdef uint32_t i = 0
    cdef int64_t number = 0
    cdef bint negative = False
    if n and (s[0] == c"-" or s[0] == c"+"):
        negative = s[0] == c"-"
        i = 1
    if i == n or n - i > 18:
        return False
    while i < n:
        if not c"0" <= s[i] <= c"9":
            return False
        number = 10 * number + (s[i] - 48)
        i += 1
    value[0] = -number if negative else number
    return True


cdef int decimal(const char* s, uint32_t n, double* value) except -1:
    """A decimal number that is neither too large nor too small for a double."""
    cdef char[DOUBLE_CHARS_MAX + 1] text
    cdef char* end = NULL
    cdef uint32_t i, digits = 0
    cdef bint zero = True, power = False
    if n == 0 or n > DOUBLE_CHARS_MAX:
        return 0
    for i in range(n):
        if c"0" <= s[i] <= c"9":
            digits += 1
            zero = zero and (s[i] == c"0" or power)
        elif s[i] == c"e" or s[i] == c"E":
            if digits == 0 or power or i + 1 == n:
                return 0
            power = True
        elif s[i] == c"+" or s[i] == c"-":
            if i and s[i - 1] != c"e" and s[i - 1] != c"E" or i + 1 == n:
                return 0
        elif s[i] != c".":
            return 0
    if digits == 0:
        return 0
    memcpy(text, s, n)
    text[n] = 0
    try:
        value[0] = PyOS_string_to_double(text, &end, OverflowError)
    except (ValueError, OverflowError):
        return 0
    if end != text + n or value[0] - value[0] != 0 or value[0] == 0 and not zero:
        return 0
    return 1


cdef inline int hex_digit(char c) noexcept nogil:
    if c"0" <= c <= c"9":
        return c - 48
    if c"a" <= c <= c"f":
        return c - 87
    if c"A" <= c <= c"F":
        return c - 55
    return -1


cdef bint uuid(const char* s, uint32_t n, char* out) noexcept nogil:
    """xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, or all digits together."""
    cdef uint32_t i = 0
    cdef int at, high, low
    if n != 36 and n != 32:
        return False
    for at in range(16):
        if n == 36 and (at == 4 or at == 6 or at == 8 or at == 10):
            if s[i] != c"-":
                return False
            i += 1
        high, low = hex_digit(s[i]), hex_digit(s[i + 1])
        if high < 0 or low < 0:
            return False
        out[at] = <char> (high << 4 | low)
        i += 2
    return True
