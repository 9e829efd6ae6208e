"""Keys: the values of an index entry as bytes that memcmp puts into SQL order.

A key is, column by column, a marker and a body:

    (42, NULL, 'ab')   letters "44t", options (0, 0, DESC)
    02 8000002a | 03 | 02 9e 9d ff
    |  sign flipped  |  |  'ab' and its terminator, every bit inverted
    |                |  marker: 01 NULL before, 02 a value, 03 NULL after
    |  marker

No body is the beginning of another one, so the first differing byte decides; and since markers are small,
`prefix + ff` lies above every key that begins with `prefix` and below every other key above it (`upper_of`).

| letter | body |
|---|---|
| b | 00, 01 |
| 2 4 8 | big-endian, sign bit flipped; u: uint32; 6: tid, 6 bytes |
| f d | IEEE double, sign bit flipped, negatives inverted; -0 is 0, NaN above all |
| t c | UTF-8, 00 (collation C); p: without trailing blanks |
| y | bytes, 00 as 00 ff, then 00 00; g: 16 bytes |
| n | class (-inf, negative, 0, positive, inf, NaN), exponent, two decimal digits a byte, 00 |
| i | span in microseconds, 10 bytes |
| a | elements (00 ends, 01 value, 02 NULL), dimensions, lower bounds; r: elements |
| D | jsonb: kind, count, members; null < string < number < boolean < array < object |

Errors: OverflowError for an int the column's type cannot hold (a caller comparing across types checks first),
ValueError for a wrong count of columns or an unknown letter, TypeError for a value of another type.

Not here: the way back. Keys are for comparing only; index entries lead to the row. Text longer than a page is the
B-tree's to refuse.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.float cimport PyFloat_AsDouble
from cpython.long cimport PyLong_AsLongLong
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.stdint cimport uint8_t, uint32_t, uint64_t, int64_t
from libc.stdlib cimport free
from libc.string cimport memchr, memcpy

from aurorapy_native.room cimport make_room

from decimal import Decimal

import json

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL

cdef enum:
    MARK_NULL_FIRST = 1
    MARK_VALUE = 2
    MARK_NULL_LAST = 3
    END = 0              # of an array's elements
    ELEMENT = 1
    ELEMENT_NULL = 2     # NULLs inside arrays and records come last
    EXPONENT_BIAS = 0x800000

cdef enum NumericClass:
    NUMERIC_MINUS_INFINITY = 1
    NUMERIC_NEGATIVE = 2
    NUMERIC_ZERO = 3
    NUMERIC_POSITIVE = 4
    NUMERIC_INFINITY = 5
    NUMERIC_NAN = 6

cdef enum JsonKind:
    JSON_NULL = 1
    JSON_STRING = 2
    JSON_NUMBER = 3
    JSON_BOOLEAN = 4
    JSON_ARRAY = 5
    JSON_OBJECT = 6

cdef uint64_t SIGN_BIT = <uint64_t>1 << 63
cdef str KNOWN_LETTERS = "b248ufdtcpyngi6arD"


def _builtin_letter(oid):
    from aurorapy.types.builtin import TYPES

    return TYPES[oid].key


cdef class KeyCodec:
    """Encodes rows of values for one index.

    letters: a key letter a column (types.model.Type.key). options: an int a column, 1 DESC, 2 NULLS FIRST
    (pg_index.indoption). letter_of: type OID → key letter, for elements of arrays and records; the built-in types by
    default.
    """

    def __cinit__(self, letters, options=None, letter_of=None):
        cdef int i
        self.columns = len(letters)
        if not 0 < self.columns <= KEY_COLUMNS_MAX:
            raise ValueError(f"an index has 1 to {KEY_COLUMNS_MAX} columns, not {len(letters)}")
        if options is None:
            options = (0,) * self.columns
        if len(options) != self.columns:
            raise ValueError("letters and options differ in length")
        for i in range(self.columns):
            if letters[i] not in KNOWN_LETTERS:
                raise ValueError(f"no key form for letter {letters[i]!r}")
            self.letter[i] = <char>ord(letters[i])
            self.option[i] = options[i]
        self.letter_of = letter_of or _builtin_letter
        self.reserve(256)

    def __dealloc__(self):
        free(self.data)

    def encode(self, values):
        """The key of a whole row: one value a column."""
        if len(values) != self.columns:
            raise ValueError(f"{len(values)} values for {self.columns} columns")
        self.encode_into(values, self.columns)
        return PyBytes_FromStringAndSize(self.data, self.used)

    def encode_prefix(self, values):
        """The common beginning of the keys whose first len(values) columns are these."""
        if len(values) > self.columns:
            raise ValueError(f"{len(values)} values for {self.columns} columns")
        self.encode_into(values, len(values))
        return PyBytes_FromStringAndSize(self.data, self.used)

    @staticmethod
    def upper_of(bytes prefix not None):
        """Above every key that begins with `prefix`, at or below every other key above `prefix`."""
        return prefix + b"\xff"

    cdef int encode_into(self, object values, Py_ssize_t count) except -1:
        cdef Py_ssize_t i
        cdef object value
        cdef bint is_tuple = type(values) is tuple
        cdef size_t body
        self.used = 0
        for i in range(count):
            value = <object>PyTuple_GET_ITEM(values, i) if is_tuple else values[i]
            if value is None:
                self.add_null(i)
                continue
            self.reserve(24)
            self.data[self.used] = MARK_VALUE
            self.used += 1
            body = self.used
            self.put_value(self.letter[i], value)
            if self.option[i] & OPTION_DESC:
                self.invert_from(body)
        return 0

    # ---- from C values ----

    cdef void start(self) noexcept:
        self.used = 0

    cdef int add_null(self, int column) except -1:
        self.reserve(1)
        self.data[self.used] = MARK_NULL_FIRST if self.option[column] & OPTION_NULLS_FIRST else MARK_NULL_LAST
        self.used += 1
        return 0

    cdef size_t mark(self) except 0:
        self.reserve(24)
        self.data[self.used] = MARK_VALUE
        self.used += 1
        return self.used

    cdef void close(self, int column, size_t body) noexcept:
        if self.option[column] & OPTION_DESC:
            self.invert_from(body)

    cdef int add_int(self, int column, int64_t value) except -1:
        cdef size_t body = self.mark()
        self.put_letter_int(self.letter[column], value)
        self.close(column, body)
        return 0

    cdef int add_bool(self, int column, bint value) except -1:
        cdef size_t body = self.mark()
        self.put_int(1, value)
        self.close(column, body)
        return 0

    cdef int add_double(self, int column, double value) except -1:
        cdef size_t body = self.mark()
        self.put_double(value)
        self.close(column, body)
        return 0

    cdef int add_text(self, int column, const char* s, size_t n) except -1:
        cdef size_t body = self.mark()
        if self.letter[column] == c"p":
            while n > 0 and s[n - 1] == c" ":
                n -= 1
        self.put_text(s, n)
        self.close(column, body)
        return 0

    cdef int add_bytes(self, int column, const char* s, size_t n) except -1:
        cdef size_t body = self.mark()
        if self.letter[column] == c"g":
            memcpy(self.data + self.used, s, 16)
            self.used += 16
        else:
            self.put_bytes(s, n)
        self.close(column, body)
        return 0

    # ---- bodies, ascending ----

    cdef int reserve(self, size_t n) except -1:
        return make_room(&self.data, &self.size, self.used + n)

    cdef void invert_from(self, size_t position) noexcept:
        cdef size_t i
        for i in range(position, self.used):
            self.data[i] = <char>(<uint8_t>self.data[i] ^ 0xFF)

    cdef void put_int(self, int width, uint64_t biased) noexcept:
        # The caller has reserved the bytes.
        cdef int i
        for i in range(width - 1, -1, -1):
            self.data[self.used + i] = <char>(biased & 0xFF)
            biased >>= 8
        self.used += width

    cdef int put_letter_int(self, char letter, int64_t value) except -1:
        if letter == c"4":
            if value < -0x80000000 or value > 0x7FFFFFFF:
                raise OverflowError("integer out of range")
            self.put_int(4, <uint64_t>(value + 0x80000000))
        elif letter == c"8":
            self.put_int(8, <uint64_t>value ^ SIGN_BIT)
        elif letter == c"2":
            if value < -0x8000 or value > 0x7FFF:
                raise OverflowError("smallint out of range")
            self.put_int(2, <uint64_t>(value + 0x8000))
        elif letter == c"u":
            if value < 0 or value > 0xFFFFFFFF:
                raise OverflowError("oid out of range")
            self.put_int(4, <uint64_t>value)
        else:
            if value < 0 or value >= <int64_t>1 << 48:
                raise OverflowError("tid out of range")
            self.put_int(6, <uint64_t>value)
        return 0

    cdef int put_double(self, double value) except -1:
        cdef uint64_t bits
        if value == 0:
            value = 0.0
        memcpy(&bits, &value, 8)
        if value != value:
            bits = <uint64_t>0x7FF8 << 48
        self.put_int(8, ~bits if bits & SIGN_BIT else bits | SIGN_BIT)
        return 0

    cdef int put_text(self, const char* s, size_t n) except -1:
        self.reserve(n + 25)
        memcpy(self.data + self.used, s, n)
        self.used += n
        self.data[self.used] = 0
        self.used += 1
        return 0

    cdef int put_str(self, object value, bint strip) except -1:
        cdef Py_ssize_t n
        cdef const char* s = PyUnicode_AsUTF8AndSize(value, &n)
        if memchr(s, 0, n) is not NULL:
            raise ValueError("text with a NUL character has no key")
        if strip:
            while n > 0 and s[n - 1] == c" ":
                n -= 1
        return self.put_text(s, n)

    cdef int put_bytes(self, const char* s, size_t n) except -1:
        cdef size_t i
        cdef char* to
        self.reserve(2 * n + 26)
        to = self.data + self.used
        for i in range(n):
            to[0] = s[i]
            to += 1
            if s[i] == 0:
                to[0] = <char>0xFF
                to += 1
        to[0] = 0
        to[1] = 0
        self.used = (to + 2) - self.data
        return 0

    cdef int put_value(self, char letter, object value) except -1:
        # encode_into has reserved 24 bytes: enough for every fixed width.
        cdef bytes raw
        if letter == c"4" or letter == c"8" or letter == c"2" or letter == c"u" or letter == c"6":
            self.put_letter_int(letter, PyLong_AsLongLong(value))
        elif letter == c"t" or letter == c"c":
            self.put_str(value, False)
        elif letter == c"p":
            self.put_str(value, True)
        elif letter == c"b":
            self.put_int(1, 1 if value else 0)
        elif letter == c"d" or letter == c"f":
            self.put_double(PyFloat_AsDouble(value))
        elif letter == c"n":
            self.put_numeric(value)
        elif letter == c"y":
            raw = value
            self.put_bytes(PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw))
        elif letter == c"g":
            raw = value
            if PyBytes_GET_SIZE(raw) != 16:
                raise ValueError("a uuid has 16 bytes")
            memcpy(self.data + self.used, PyBytes_AS_STRING(raw), 16)
            self.used += 16
        elif letter == c"i":
            raw = (value.span + (1 << 79)).to_bytes(10, "big")
            memcpy(self.data + self.used, PyBytes_AS_STRING(raw), 10)
            self.used += 10
        elif letter == c"a":
            self.put_array(value)
        elif letter == c"r":
            self.put_elements(value.fields, value.type_oids, 0)
        else:
            self.put_json(json.loads(value, parse_float=Decimal, parse_int=Decimal))
        return 0

    cdef int put_numeric(self, object value) except -1:
        cdef object number = value if isinstance(value, Decimal) else Decimal(value)
        cdef tuple digits
        cdef Py_ssize_t first = 0, last, i
        cdef int pair
        cdef int64_t exponent
        cdef size_t body
        sign, digits, power = number.as_tuple()
        self.reserve(32)
        if not number.is_finite():
            if number.is_nan():
                self.put_int(1, NUMERIC_NAN)
            else:
                self.put_int(1, NUMERIC_MINUS_INFINITY if sign else NUMERIC_INFINITY)
            return 0
        last = len(digits)
        while first < last and digits[first] == 0:
            first += 1
        while last > first and digits[last - 1] == 0:
            last -= 1
        if first == last:
            self.put_int(1, NUMERIC_ZERO)
            return 0
        exponent = len(digits) - first + power
        if exponent <= -EXPONENT_BIAS or exponent >= EXPONENT_BIAS:
            raise OverflowError("value overflows numeric format")
        self.put_int(1, NUMERIC_NEGATIVE if sign else NUMERIC_POSITIVE)
        self.reserve((last - first) // 2 + 32)
        body = self.used
        self.put_int(3, <uint64_t>(exponent + EXPONENT_BIAS))
        for i in range(first, last, 2):
            pair = 10 * <int>digits[i] + (<int>digits[i + 1] if i + 1 < last else 0)
            self.put_int(1, pair + 1)
        self.put_int(1, END)
        if sign:
            self.invert_from(body)
        return 0

    cdef int put_elements(self, object items, object oids, object elem_oid) except -1:
        cdef Py_ssize_t i
        cdef str letter = ""
        if oids is None and items:
            letter = self.letter_of(elem_oid)
        for i in range(len(items)):
            self.reserve(32)
            if items[i] is None:
                self.put_int(1, ELEMENT_NULL)
                continue
            self.put_int(1, ELEMENT)
            if oids is not None:
                letter = self.letter_of(oids[i])
            if not letter:
                raise ValueError("an element's type has no default order")
            self.put_value(<char>ord(letter), items[i])
        self.reserve(32)
        self.put_int(1, END)
        return 0

    cdef int put_array(self, object value) except -1:
        cdef object n
        self.put_elements(value.items, None, value.elem_oid)
        self.reserve(8 * len(value.dims) + 32)
        self.put_int(1, <uint64_t>len(value.dims))
        for n in value.dims:
            self.put_int(4, <uint64_t>(<int64_t>n + 0x80000000))
        for n in value.lower:
            self.put_int(4, <uint64_t>(<int64_t>n + 0x80000000))
        return 0

    cdef int put_json(self, object value) except -1:
        # At the top a scalar is an array of one element that comes before the true array: PostgreSQL's storage shows.
        self.reserve(32)
        if isinstance(value, (dict, list)):
            return self.put_json_value(value)
        self.put_int(1, JSON_ARRAY)
        return self.put_json_array((value,), True)

    cdef int put_json_array(self, object items, bint raw) except -1:
        self.reserve(32)
        self.put_int(4, <uint64_t>len(items))
        self.put_int(1, 0 if raw else 1)
        for item in items:
            self.put_json_value(item)
        return 0

    cdef int put_json_value(self, object value) except -1:
        self.reserve(32)
        if isinstance(value, dict):
            self.put_int(1, JSON_OBJECT)
            self.put_int(4, <uint64_t>len(value))
            for name in sorted(value, key=_json_key_order):
                self.put_str(name, False)
                self.put_json_value(value[name])
        elif isinstance(value, list):
            self.put_int(1, JSON_ARRAY)
            self.put_json_array(value, False)
        elif value is None:
            self.put_int(1, JSON_NULL)
        elif isinstance(value, bool):
            self.put_int(1, JSON_BOOLEAN)
            self.put_int(1, 1 if value else 0)
        elif isinstance(value, str):
            self.put_int(1, JSON_STRING)
            self.put_str(value, False)
        else:
            self.put_int(1, JSON_NUMBER)
            self.put_numeric(value)
        return 0


def _json_key_order(str name):
    cdef bytes raw = name.encode()
    return len(raw), raw
