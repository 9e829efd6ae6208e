"""Backend messages of the PostgreSQL protocol, collected in one buffer; rows put together by column codes. No I/O.

    out = OutBuffer()
    out.rows(rows, encoder) · out.message("C", body) · out.take() -> bytes

    'D' | length | 2 | 4 '1234' | -1            a row (1234, NULL)

Native code that makes rows itself uses begin_row, put_* and end_row of the .pxd.

Errors: ProgramLimitExceeded for a row longer than a message. Of a row that fails nothing stays.

Not here: frontend messages (`wire`), bodies of the rarer messages (`aurorapy.wire.backend`).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t, uint8_t
from libc.stdlib cimport free
from libc.string cimport memcpy

from aurorapy_native.room cimport make_room

from aurorapy.errors import InternalError, ProgramLimitExceeded

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object unicode, Py_ssize_t* size) except NULL
    Py_ssize_t PyUnicode_GET_LENGTH(object unicode) noexcept

cdef enum:
    LENGTH_MAX = 0x3FFFFFFF        # 1 GB - 1: what PostgreSQL takes for a large message
    LONG_TEXT = 1 << 20            # characters: a row with such a text is sent a piece at a time (session.long_texts)
    BUFFER_FIRST = 1024


cdef class RowEncoder:
    """How each column of a row becomes bytes.

    `codes`, a letter a column — text: i int, b bool, s str, c callable giving str; binary: 2 4 8 ints by width, u
    unsigned 32 bits, B bool, S str, D float64, F float32, y bytes, C callable giving bytes. `callables` has an entry a
    column.
    """

    def __init__(self, bytes codes, tuple callables):
        if len(codes) != len(callables):
            raise ValueError("a callable (or None) a column")
        self.codes = codes
        self.callables = callables
        self.columns = len(codes)


cdef inline bint is_long_text(object value, char code) noexcept:
    return (code == c's' or code == c'S') and type(value) is str and PyUnicode_GET_LENGTH(value) > LONG_TEXT


cdef bint has_long_text(tuple values, RowEncoder encoder) noexcept:
    cdef Py_ssize_t i
    for i in range(min(encoder.columns, PyTuple_GET_SIZE(values))):
        if is_long_text(<object> PyTuple_GET_ITEM(values, i), PyBytes_AS_STRING(encoder.codes)[i]):
            return True
    return False


cdef class OutBuffer:
    """Backend messages, collected until taken."""

    def __dealloc__(self):
        free(self.buffer)

    cdef int need(self, Py_ssize_t n) except -1:
        return make_room(&self.buffer, &self.room, max(self.size + n, BUFFER_FIRST))

    def take(self):
        """Everything collected, as bytes; the buffer is empty afterwards."""
        data = PyBytes_FromStringAndSize(self.buffer, self.size)
        self.empty()
        return data

    cdef void empty(self) noexcept:
        self.size = 0
        self.takes += 1
        if self.room > 65536:
            free(self.buffer)
            self.buffer = NULL
            self.room = 0

    def since(self, Py_ssize_t mark):
        """The bytes put in after the buffer had `mark` of them."""
        return PyBytes_FromStringAndSize(self.buffer + mark, self.size - mark)

    cdef void cut(self, Py_ssize_t mark) noexcept:
        self.size = mark

    def idle(self):
        if self.size == 0:
            free(self.buffer)
            self.buffer = NULL
            self.room = 0

    def message(self, str letter, bytes body=b""):
        """One message: letter, length, body."""
        self.put_message(<uint8_t>ord(letter), PyBytes_AS_STRING(body), PyBytes_GET_SIZE(body))

    cdef int put_message(self, uint8_t letter, const char* body, Py_ssize_t n) except -1:
        self.need(n + 5)
        self.buffer[self.size] = <char>letter
        put32(self.buffer + self.size + 1, <uint32_t>(n + 4))
        memcpy(self.buffer + self.size + 5, body, n)
        self.size += n + 5
        return 0

    def raw(self, bytes data):
        self.put_bytes(data)

    cdef int put_bytes(self, bytes data) except -1:
        cdef Py_ssize_t n = PyBytes_GET_SIZE(data)
        self.need(n)
        memcpy(self.buffer + self.size, PyBytes_AS_STRING(data), n)
        self.size += n
        return 0

    # -- rows --------------------------------------------------------------------------------------------------------
    cdef Py_ssize_t begin_row(self, Py_ssize_t columns) except -1:
        cdef Py_ssize_t start = self.size
        self.need(7)
        self.buffer[start] = c'D'
        put16(self.buffer + start + 5, <uint16_t>columns)
        self.size += 7
        return start

    cdef int put_null(self) except -1:
        self.need(4)
        put32(self.buffer + self.size, 0xFFFFFFFF)
        self.size += 4
        return 0

    cdef int put_field(self, const char* data, Py_ssize_t n) except -1:
        self.need(n + 4)
        put32(self.buffer + self.size, <uint32_t>n)
        memcpy(self.buffer + self.size + 4, data, n)
        self.size += n + 4
        return 0

    cdef int put_int_field(self, long long number) except -1:
        cdef char[24] digits
        cdef int n = 0
        cdef bint negative = number < 0
        cdef unsigned long long rest
        rest = <unsigned long long>(-(number + 1)) + 1 if negative else <unsigned long long>number
        while True:
            digits[23 - n] = <char>(c'0' + rest % 10)
            n += 1
            rest = rest // 10
            if rest == 0:
                break
        if negative:
            digits[23 - n] = c'-'
            n += 1
        return self.put_field(digits + 24 - n, n)

    cdef int end_row(self, Py_ssize_t start) except -1:
        put32(self.buffer + start + 1, <uint32_t>(self.size - start - 1))
        return 0

    def row(self, tuple values, RowEncoder encoder):
        """One DataRow."""
        self._row(values, encoder)

    def rows(self, list rows, RowEncoder encoder):
        """A DataRow each."""
        cdef Py_ssize_t i
        for i in range(PyList_GET_SIZE(rows)):
            self._row(<tuple>PyList_GET_ITEM(rows, i), encoder)

    def rows_to_long_text(self, list rows, RowEncoder encoder, Py_ssize_t first=0):
        """A DataRow each, from the one at `first` up to one with a long text: the number of that one, or of all."""
        cdef Py_ssize_t i
        for i in range(first, PyList_GET_SIZE(rows)):
            if has_long_text(<tuple>PyList_GET_ITEM(rows, i), encoder):
                return i
            self._row(<tuple>PyList_GET_ITEM(rows, i), encoder)
        return PyList_GET_SIZE(rows)

    def fields(self, tuple values, RowEncoder encoder):
        """A row's fields: None, the value itself where it is a long text, else the bytes, length first."""
        cdef OutBuffer made
        cdef Py_ssize_t i
        cdef list found = []
        for i in range(encoder.columns):
            value = values[i]
            if value is not None and not is_long_text(value, PyBytes_AS_STRING(encoder.codes)[i]):
                made = OutBuffer()
                made._field(value, PyBytes_AS_STRING(encoder.codes)[i], encoder, i)
                value = made.take()
            found.append(value)
        return found

    cdef int _row(self, tuple values, RowEncoder encoder) except -1:
        cdef Py_ssize_t start = self.size
        cdef uint64_t takes = self.takes
        if len(values) < encoder.columns:
            raise ValueError("row is shorter than its encoder")
        try:
            self._fields(values, encoder)
        except BaseException:
            if takes == self.takes:
                self.size = start        # half a row is no message
            raise
        if takes != self.takes:
            raise InternalError("the buffer was taken in the middle of a row")
        return self.end_row(start)

    cdef int _fields(self, tuple values, RowEncoder encoder) except -1:
        cdef const char* codes = PyBytes_AS_STRING(encoder.codes)
        cdef Py_ssize_t i, start = self.size
        cdef object value
        self.begin_row(encoder.columns)
        for i in range(encoder.columns):
            value = <object>PyTuple_GET_ITEM(values, i)
            if value is None:
                self.put_null()
            else:
                self._field(value, codes[i], encoder, i)
            if self.size - start > LENGTH_MAX:
                n = self.size - start
                raise ProgramLimitExceeded("out of memory", detail=f"A row of {n} bytes is longer than a message.")
        return 0

    cdef int _field(self, object value, char code, RowEncoder encoder, Py_ssize_t column) except -1:
        if code == c'i':
            return self._int_text(value)
        if code == c's' or code == c'S':
            return self._str(value)
        if code == c'c':
            return self._str((<object>PyTuple_GET_ITEM(encoder.callables, column))(value))
        if code == c'b':
            return self._bytes("t" if value else "f", 1)
        if code == c'C':
            return self._raw((<object>PyTuple_GET_ITEM(encoder.callables, column))(value))
        if code == c'y':
            return self._raw(value)
        return self._fixed(value, code)

    cdef int _bytes(self, str value, Py_ssize_t n) except -1:
        self.need(5)
        put32(self.buffer + self.size, 1)
        self.buffer[self.size + 4] = <char><uint8_t>ord(value)
        self.size += 5
        return 0

    cdef int _str(self, str value) except -1:
        cdef Py_ssize_t n
        cdef const char* text = PyUnicode_AsUTF8AndSize(value, &n)
        return self.put_field(text, n)

    cdef int _raw(self, object value) except -1:
        cdef bytes data = value if type(value) is bytes else bytes(value)
        return self.put_field(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))

    cdef int _int_text(self, object value) except -1:
        cdef int overflow = 0
        cdef long long number = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow:
            return self._str(str(value))
        return self.put_int_field(number)

    cdef int _fixed(self, object value, char code) except -1:
        cdef char* p
        cdef double d
        cdef float f
        cdef uint64_t bits64
        cdef uint32_t bits32
        self.need(12)
        p = self.buffer + self.size
        if code == c'4' or code == c'u':
            put32(p, 4)
            put32(p + 4, <uint32_t><int64_t>value)
            self.size += 8
        elif code == c'8':
            put32(p, 8)
            put64(p + 4, <uint64_t><int64_t>value)
            self.size += 12
        elif code == c'2':
            put32(p, 2)
            put16(p + 4, <uint16_t><int64_t>value)
            self.size += 6
        elif code == c'B':
            put32(p, 1)
            p[4] = 1 if value else 0
            self.size += 5
        elif code == c'D':
            d = value
            memcpy(&bits64, &d, 8)
            put32(p, 8)
            put64(p + 4, bits64)
            self.size += 12
        elif code == c'F':
            f = value
            memcpy(&bits32, &f, 4)
            put32(p, 4)
            put32(p + 4, bits32)
            self.size += 8
        else:
            raise ValueError(f"unknown column code {chr(code)!r}")
        return 0
