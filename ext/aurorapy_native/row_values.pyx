"""Values from the bytes they have in a row; the layouts are in the chapter of tuples.

    decode_value(c"4", at, 0)                  an int
    decode_value(c"t", at, n)                  a str of n bytes of UTF-8
    decode_value(c"a", at, n)                  an Array: says itself what its elements are

Errors: DataCorrupted XX001 for an array or record whose parts reach beyond it, InternalError for an unknown letter.

Not here: the way there, and rows (tuples).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.float cimport PyFloat_FromDouble
from cpython.long cimport PyLong_FromLong, PyLong_FromLongLong
from libc.stdint cimport int8_t, int16_t, uint8_t, uint16_t, uint32_t, int32_t, int64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

from decimal import Decimal

from aurorapy.errors import DataCorrupted, InternalError
from aurorapy.types.values import Array, Interval, Record

cdef extern from "Python.h":
    object PyUnicode_DecodeUTF8(const char* s, Py_ssize_t n, const char* errors)
    object PyUnicode_DecodeASCII(const char* s, Py_ssize_t n, const char* errors)


cdef int width_of(char letter) except -2:
    if letter == c"b" or letter == c"1":
        return 1
    if letter == c"2":
        return 2
    if letter == c"4" or letter == c"u" or letter == c"f":
        return 4
    if letter == c"8" or letter == c"d":
        return 8
    if letter == c"6":
        return 6
    if letter == c"g" or letter == c"i":
        return 16
    if letter == c"v":
        return 0
    if letter == c"t" or letter == c"y" or letter == c"n" or letter == c"a" or letter == c"r":
        return -1
    raise InternalError(f"no storage letter: {chr(letter)!r}")


cdef uint32_t stored_size(const char* s) noexcept nogil:
    """Bytes of a variable-length value in its row, tag included."""
    cdef uint8_t tag = <uint8_t> s[0]
    cdef uint16_t half
    cdef uint32_t n
    if tag < 0x80:
        return 1 + tag
    if tag < 0xC0:
        return 2 + ((<uint32_t> (tag & 0x3F) << 8) | <uint8_t> s[1])
    if tag == TAG_EXTERNAL:
        return 1 + POINTER_SIZE
    if tag == TAG_COMPRESSED:
        memcpy(&half, s + 1, 2)
        return 3 + half
    memcpy(&n, s + 1, 4)
    return 5 + n


cdef object decode_value(char letter, const char* s, size_t n):
    """The value at s; n: bytes of a variable-length one."""
    cdef double real
    cdef float single
    cdef int64_t number = 0
    cdef int32_t days, months
    if letter == c"4":
        return PyLong_FromLong((<const int32_t*> s)[0])
    if letter == c"8":
        return PyLong_FromLongLong((<const int64_t*> s)[0])
    if letter == c"t":
        return PyUnicode_DecodeUTF8(s, n, NULL)
    if letter == c"b":
        return s[0] != 0
    if letter == c"2":
        return PyLong_FromLong((<const int16_t*> s)[0])
    if letter == c"u":
        return PyLong_FromLongLong((<const uint32_t*> s)[0])
    if letter == c"d":
        memcpy(&real, s, 8)
        return PyFloat_FromDouble(real)
    if letter == c"f":
        memcpy(&single, s, 4)
        return PyFloat_FromDouble(single)
    if letter == c"n":
        return decode_numeric(s, n)
    if letter == c"y":
        return PyBytes_FromStringAndSize(s, n)
    if letter == c"g":
        return PyBytes_FromStringAndSize(s, 16)
    if letter == c"i":
        memcpy(&number, s, 8)
        memcpy(&days, s + 8, 4)
        memcpy(&months, s + 12, 4)
        return Interval(months, days, number)
    if letter == c"6":
        memcpy(&number, s, 6)
        return PyLong_FromLongLong(number)
    if letter == c"1":
        return chr(<uint8_t> s[0]) if s[0] else ""
    if letter == c"v":
        return ""
    if letter == c"a":
        return decode_array(s, n)
    if letter == c"r":
        return decode_record(s, n)
    raise InternalError(f"no storage letter: {chr(letter)!r}")


cdef object decode_numeric(const char* s, size_t n):
    cdef uint8_t flags = <uint8_t> s[0]
    cdef int32_t exponent
    cdef size_t i, body, digits
    cdef char[80] small
    cdef char* text = small
    cdef char* at
    cdef bytes exponent_text
    if flags & NUMERIC_NAN:
        return Decimal("NaN")
    if flags & NUMERIC_INFINITY:
        return Decimal("-Infinity" if flags & NUMERIC_NEGATIVE else "Infinity")
    if flags & NUMERIC_WIDE:
        memcpy(&exponent, s + 1, 4)
        body = 5
    else:
        exponent = <int8_t> s[1]
        body = 2
    digits = 2 * (n - body) - (1 if flags & NUMERIC_ODD else 0)
    if digits > 60:
        text = <char*> realloc(NULL, digits + 32)
        if text == NULL:
            raise MemoryError
    try:
        at = text
        if flags & NUMERIC_NEGATIVE:
            at[0] = c"-"
            at += 1
        for i in range(digits):
            at[0] = <char> (48 + ((<uint8_t> s[body + (i >> 1)] >> (0 if i & 1 else 4)) & 15))
            at += 1
        if exponent:
            exponent_text = b"E%d" % exponent
            memcpy(at, PyBytes_AS_STRING(exponent_text), PyBytes_GET_SIZE(exponent_text))
            at += PyBytes_GET_SIZE(exponent_text)
        return Decimal(PyUnicode_DecodeASCII(text, at - text, NULL))
    finally:
        if text != small:
            free(text)


cdef object nested(char letter, const char* s, size_t left, size_t* size):
    """An element or field at s, and how many bytes it takes."""
    cdef int width = width_of(letter)
    cdef uint8_t tag
    cdef uint32_t head
    if width >= 0:
        size[0] = width
        head = 0
    else:
        tag = <uint8_t> s[0] if left else 0
        head = 1 if tag < 0x80 else 2 if tag < 0xC0 else 5
        if left < head:
            raise DataCorrupted("an element reaches beyond its array")
        size[0] = stored_size(s)
    if size[0] > left:
        raise DataCorrupted("an element reaches beyond its array")
    return decode_value(letter, s + head, size[0] - head)


cdef object decode_array(const char* s, size_t n):
    cdef int dims, i
    cdef bint nulls
    cdef uint32_t oid
    cdef char letter
    cdef int64_t count = 1, k
    cdef size_t at = 7, size = 0
    cdef const uint8_t* bitmap
    cdef list lengths = [], lower = [], items = []
    if n < 7:
        raise DataCorrupted("an array is cut short")
    dims = <uint8_t> s[0]
    nulls = s[1] != 0
    letter = s[2]
    memcpy(&oid, s + 3, 4)
    if at + 8 * dims > n:
        raise DataCorrupted("an array is cut short")
    for i in range(dims):
        lengths.append((<const int32_t*> (s + at))[0])
        lower.append((<const int32_t*> (s + at + 4))[0])
        count *= (<const int32_t*> (s + at))[0]
        at += 8
    if dims == 0:
        count = 0
    bitmap = <const uint8_t*> s + at
    if nulls:
        at += (count + 7) >> 3
    for k in range(count):
        if nulls and not bitmap[k >> 3] >> (k & 7) & 1:
            items.append(None)
            continue
        if at > n:
            raise DataCorrupted("an array is cut short")
        items.append(nested(letter, s + at, n - at, &size))
        at += size
    return Array(tuple(items), tuple(lengths), tuple(lower), oid)


cdef object decode_record(const char* s, size_t n):
    cdef uint16_t count, i
    cdef uint32_t oid
    cdef size_t at = 2, size = 0
    cdef list fields = [], oids = []
    memcpy(&count, s, 2)
    for i in range(count):
        if at + 5 > n:
            raise DataCorrupted("a record is cut short")
        memcpy(&oid, s + at, 4)
        oids.append(oid)
        if s[at + 4] == 0:
            fields.append(None)
            at += 5
            continue
        fields.append(nested(s[at + 4], s + at + 5, n - at - 5, &size))
        at += 5 + size
    return Record(tuple(fields), tuple(oids))
