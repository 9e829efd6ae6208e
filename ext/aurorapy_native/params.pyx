"""Parameter values of a Bind message, from their bytes to Python values, by a letter a parameter.

    ParamReader(b"is", decoders)      '42', 'ab' → (42, 'ab')

| letter | value | format |
|---|---|---|
| h i l | int2 int4 int8 | text |
| s | text, varchar | text |
| 2 4 8 u | int2 int4 int8 oid | binary |
| c | any other: its decoder | either |

A value that its letter does not take at once (blanks around a number, bad UTF-8) goes to the decoder; what that refuses
is not refused here: read() gives None and the general way reports it.

Not here: which letter a type has (aurorapy.session.codes), the message around the values (short_path).
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.long cimport PyLong_FromLongLong
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.stdint cimport int16_t, int32_t, int64_t, uint32_t, uint64_t, uint8_t
from libc.string cimport memchr

from aurorapy_native.wire cimport get16, get32

from aurorapy.errors import DatabaseError

cdef extern from "Python.h":
    object PyUnicode_DecodeUTF8(const char* s, Py_ssize_t n, const char* errors)
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL

cdef enum:
    DIGITS_MAX = 18          # of a number that surely fits 64 bits


cdef class ParamReader:
    def __init__(self, bytes codes not None, tuple decoders not None):
        if len(codes) != len(decoders):
            raise ValueError("a decoder a parameter")
        self.codes = codes
        self.decoders = decoders
        self.count = <int> len(codes)

    def read_all(self, bytes data not None):
        """The values of `data`, a 16-bit count and the values as Bind has them; None as the chapter says."""
        cdef const uint8_t* at = <const uint8_t*> (<const char*> data)
        cdef const uint8_t* after = NULL
        return self.read(at, at + len(data), &after)

    def of_texts(self, tuple texts not None):
        """The values of texts, a str a parameter, all in text format; None as the chapter says."""
        cdef tuple values
        cdef object value
        cdef const char* text
        cdef Py_ssize_t n = 0
        cdef int i
        if len(texts) != self.count:
            return None
        values = PyTuple_New(self.count)
        for i in range(self.count):
            text = PyUnicode_AsUTF8AndSize(texts[i], &n)
            try:
                value = self.value(i, <const uint8_t*> text, <int> n)
            except DatabaseError:
                return None
            Py_INCREF(value)
            PyTuple_SET_ITEM(values, i, value)
        return values

    cdef tuple read(self, const uint8_t* at, const uint8_t* end, const uint8_t** after):
        cdef tuple values
        cdef object value
        cdef int32_t n
        cdef int i
        if end - at < 2 or get16(at) != self.count:
            return None
        at += 2
        values = PyTuple_New(self.count)
        for i in range(self.count):
            if end - at < 4:
                return None
            n = <int32_t> get32(at)
            at += 4
            if n == -1:
                value = None
            elif n < 0 or n > end - at:
                return None
            else:
                try:
                    value = self.value(i, at, n)
                except DatabaseError:
                    return None
                at += n
            Py_INCREF(value)
            PyTuple_SET_ITEM(values, i, value)
        after[0] = at
        return values

    cdef object value(self, int i, const uint8_t* at, int n):
        cdef char code = (<const char*> self.codes)[i]
        cdef int64_t number = 0
        cdef bint fits = True
        if code == c"i" or code == c"l" or code == c"h":
            if read_integer(at, n, &number):
                if code == c"i":
                    fits = number == <int32_t> number
                elif code == c"h":
                    fits = number == <int16_t> number
                if fits:
                    return PyLong_FromLongLong(number)
        elif code == c"s":
            if n == 0 or memchr(at, 0, n) == NULL:
                try:
                    return PyUnicode_DecodeUTF8(<const char*> at, n, NULL)
                except UnicodeDecodeError:
                    pass
        elif code == c"4" and n == 4:
            return PyLong_FromLongLong(<int32_t> get32(at))
        elif code == c"8" and n == 8:
            return PyLong_FromLongLong(<int64_t> ((<uint64_t> get32(at) << 32) | get32(at + 4)))
        elif code == c"2" and n == 2:
            return PyLong_FromLongLong(<int16_t> get16(at))
        elif code == c"u" and n == 4:
            return PyLong_FromLongLong(get32(at))
        return self.decoders[i](PyBytes_FromStringAndSize(<const char*> at, n))


cdef bint read_integer(const uint8_t* at, int n, int64_t* number) noexcept nogil:
    """A plain decimal number: a minus sign at most, and few enough digits."""
    cdef bint negative = n > 0 and at[0] == c"-"
    cdef int i = 1 if negative else 0
    cdef int64_t found = 0
    if n == i or n - i > DIGITS_MAX:
        return False
    while i < n:
        if at[i] < c"0" or at[i] > c"9":
            return False
        found = found * 10 + (at[i] - c"0")
        i += 1
    number[0] = -found if negative else found
    return True
