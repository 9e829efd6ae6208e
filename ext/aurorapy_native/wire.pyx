"""The PostgreSQL protocol's bytes: frontend messages taken apart, backend messages put together. No I/O.

    reader = MessageReader()
    reader.feed(data)                       # whatever one recv gave
    while (message := reader.next()) is not None: ...

`next` gives a tuple whose first item is the message's letter:

    ("Q", text) · ("P", name, text, [oid]) · ("B", portal, statement, [format], [bytes|None], [format])
    ("D", "S"|"P", name) · ("E", portal, limit) · ("C", "S"|"P", name) · ("d", bytes) · ("f", text) · ("p", bytes)
    ("F", oid, [format], [bytes|None], format) · ("S",) ("H",) ("X",) ("c",)

    out = OutBuffer()
    out.rows(rows, encoder) · out.message(b"C", body) · out.take() -> bytes

Errors: ProtocolViolation 08P01, DataError 22021 or 22023 for a message that does not say what it must: it is taken,
`reader.letter` tells which one it was, and the next can be read. FatalError 08P01 for a letter that the protocol does not
know; ConnectionLost for a length that cannot be right, to be answered by closing and nothing else.

Not here: what the messages mean (`session`), startup (`aurorapy.wire.startup`).
"""

from cpython.bytes cimport PyBytes_FromStringAndSize, PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.float cimport PyFloat_AS_DOUBLE
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int16_t, int32_t, int64_t, uint16_t, uint32_t, uint64_t, uint8_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr, memcpy, memmove

from aurorapy.errors import DataError, FatalError, InternalError, ProgramLimitExceeded, ProtocolViolation

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object unicode, Py_ssize_t* size) except NULL

cdef enum:
    LENGTH_MAX = 0x3FFFFFFF        # 1 GB - 1: what PostgreSQL takes for a large message
    SMALL_LENGTH_MAX = 10000       # messages that carry no data


class ConnectionLost(Exception):
    """The stream cannot be followed any further; the connection is closed without an answer."""


cdef inline uint32_t get32(const uint8_t* p) noexcept nogil:
    return (<uint32_t>p[0] << 24) | (<uint32_t>p[1] << 16) | (<uint32_t>p[2] << 8) | p[3]


cdef inline uint16_t get16(const uint8_t* p) noexcept nogil:
    return (<uint16_t>p[0] << 8) | p[1]


cdef inline void put32(char* p, uint32_t v) noexcept nogil:
    p[0] = <char>(v >> 24)
    p[1] = <char>(v >> 16)
    p[2] = <char>(v >> 8)
    p[3] = <char>v


cdef inline void put16(char* p, uint16_t v) noexcept nogil:
    p[0] = <char>(v >> 8)
    p[1] = <char>v


cdef inline void put64(char* p, uint64_t v) noexcept nogil:
    put32(p, <uint32_t>(v >> 32))
    put32(p + 4, <uint32_t>v)


cdef bint is_large(uint8_t letter) noexcept nogil:
    """Messages that may be long; the others are refused above 10,000 bytes, as PostgreSQL does."""
    return letter == c'Q' or letter == c'P' or letter == c'B' or letter == c'd' or letter == c'F'


cdef bint is_known(uint8_t letter) noexcept nogil:
    return memchr(b"QPBDECSHXdcfpF", letter, 14) != NULL


cdef class MessageReader:
    """Frontend messages out of a byte stream cut anywhere. Memory follows what has arrived, never what a header claims."""

    cdef char* buffer
    cdef Py_ssize_t start
    cdef Py_ssize_t end
    cdef Py_ssize_t size
    cdef uint8_t last

    def __cinit__(self):
        self.size = 0
        self.buffer = NULL

    def __dealloc__(self):
        free(self.buffer)

    @property
    def buffered(self):
        """Bytes not yet taken."""
        return self.end - self.start

    @property
    def letter(self):
        """Of the message that `next` returned last, or refused; "" before the first."""
        return chr(self.last) if self.last else ""

    def feed(self, const uint8_t[::1] data):
        cdef Py_ssize_t n = data.shape[0]
        if n == 0:
            return
        if self.start == self.end:
            self.start = self.end = 0
        if self.end + n > self.size:
            self._make_room(n)
        memcpy(self.buffer + self.end, &data[0], n)
        self.end += n

    cdef int _make_room(self, Py_ssize_t n) except -1:
        cdef Py_ssize_t used = self.end - self.start
        cdef Py_ssize_t size
        cdef char* grown
        if self.start:
            memmove(self.buffer, self.buffer + self.start, used)
            self.start = 0
            self.end = used
        if used + n > self.size:
            size = max(self.size * 2, used + n, 512)
            grown = <char*>realloc(self.buffer, size)
            if grown == NULL:
                raise MemoryError()
            self.buffer = grown
            self.size = size
        return 0

    cdef void _shrink(self) noexcept:
        """An idle connection keeps a small buffer."""
        if self.start == self.end and self.size > 8192:
            free(self.buffer)
            self.buffer = NULL
            self.size = self.start = self.end = 0

    def idle(self):
        """Nothing more is expected for now: lets go of memory."""
        self._shrink()
        if self.start == self.end and self.size:
            free(self.buffer)
            self.buffer = NULL
            self.size = self.start = self.end = 0

    def take_raw(self, Py_ssize_t n):
        """`n` bytes without a letter (startup packets), or None when they have not all arrived."""
        if self.end - self.start < n:
            return None
        data = PyBytes_FromStringAndSize(self.buffer + self.start, n)
        self.start += n
        return data

    def peek_raw(self, Py_ssize_t n):
        if self.end - self.start < n:
            return None
        return PyBytes_FromStringAndSize(self.buffer + self.start, n)

    def next(self):
        """The next whole message, or None."""
        cdef Py_ssize_t have = self.end - self.start
        cdef const uint8_t* p = <const uint8_t*>self.buffer + self.start
        cdef uint32_t length
        cdef uint8_t letter
        if have < 1:
            return None
        letter = p[0]
        if not is_known(letter):
            raise FatalError(f"invalid frontend message type {letter}", sqlstate="08P01")
        if have < 5:
            return None
        length = get32(p + 1)
        if length < 4 or length > LENGTH_MAX or (length > SMALL_LENGTH_MAX and not is_large(letter)):
            raise ConnectionLost(letter)
        if have < <Py_ssize_t>length + 1:
            return None
        self.start += length + 1
        self.last = letter
        return parse_message(letter, p + 5, length - 4)


cdef object invalid(str what):
    return ProtocolViolation(what)


cdef class Cursor:
    """A position in one message's body; every step checks the end."""

    cdef const uint8_t* at
    cdef const uint8_t* end

    cdef str text(self):
        cdef const uint8_t* zero = <const uint8_t*>memchr(self.at, 0, self.end - self.at) if self.end > self.at else NULL
        if zero == NULL:
            raise invalid("invalid string in message")
        cdef str value = decode(<const char*>self.at, zero - self.at)
        self.at = zero + 1
        return value

    cdef int32_t int32(self) except? -2147483648:
        if self.end - self.at < 4:
            raise invalid("insufficient data left in message")
        cdef int32_t value = <int32_t>get32(self.at)
        self.at += 4
        return value

    cdef int int16(self) except? -32768:
        if self.end - self.at < 2:
            raise invalid("insufficient data left in message")
        cdef int value = <int16_t>get16(self.at)
        self.at += 2
        return value

    cdef list formats(self):
        cdef int count = self.int16() & 0xFFFF
        cdef list found = []
        cdef int i
        for i in range(count):
            found.append(self.int16())
        return found

    cdef list values(self, str portal):
        """Values of a Bind or a function call; `portal` None: errors carry no context."""
        cdef int count = self.int16() & 0xFFFF
        cdef list found = []
        cdef int i
        cdef int32_t length
        for i in range(count):
            if self.end - self.at < 4:
                raise parameter_error(ProtocolViolation("insufficient data left in message"), portal, i)
            length = self.int32()
            if length == -1:
                found.append(None)
                continue
            if length < 0 or length > self.end - self.at:
                raise parameter_error(ProtocolViolation("insufficient data left in message"), portal, i)
            found.append(PyBytes_FromStringAndSize(<const char*>self.at, length))
            self.at += length
        return found

    cdef int done(self) except -1:
        if self.at != self.end:
            raise invalid("invalid message format")
        return 0


cdef object parameter_error(object error, str portal, int index):
    if portal is not None:
        where = f'portal "{portal}"' if portal else "unnamed portal"
        error.where = f"{where} parameter ${index + 1}"
    return error


cdef int check_formats(list formats, Py_ssize_t values, str portal) except -1:
    """Parameter formats are 0 or 1; result formats are looked at when rows are made."""
    cdef Py_ssize_t i
    if values == 0 or (len(formats) != 1 and len(formats) != values):
        return 0                 # a count that does not fit is the session's to refuse
    for i in range(len(formats)):
        if formats[i] != 0 and formats[i] != 1:
            raise parameter_error(DataError(f"unsupported format code: {formats[i]}", sqlstate="22023"), portal, i)
    return 0


cdef str decode(const char* text, Py_ssize_t length):
    try:
        return PyUnicode_DecodeUTF8(text, length, NULL)
    except UnicodeDecodeError as error:
        raise encoding_error(error.object, error.start) from None


def encoding_error(data: bytes, start: int):
    """PostgreSQL's report of bytes that are not UTF-8: 22021."""
    first = data[start]
    count = 1 if first < 0xC0 or first >= 0xF8 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    shown = " ".join(f"0x{b:02x}" for b in data[start:start + count])
    return DataError(f'invalid byte sequence for encoding "UTF8": {shown}', sqlstate="22021")


cdef tuple parse_message(uint8_t letter, const uint8_t* body, Py_ssize_t length):
    cdef Cursor c = Cursor.__new__(Cursor)
    cdef int count, i
    cdef str name, text
    c.at = body
    c.end = body + length
    if letter == c'B':
        name = c.text()
        text = c.text()
        formats = c.formats()
        values = c.values(name)
        result = ("B", name, text, formats, values, c.formats())
        c.done()
        check_formats(formats, len(values), name)
        return result
    if letter == c'E':
        result = ("E", c.text(), c.int32())
        c.done()
        return result
    if letter == c'S' or letter == c'H':
        c.done()
        return (chr(letter),)
    if letter == c'X' or letter == c'c':
        return (chr(letter),)
    if letter == c'Q':
        result = ("Q", c.text())
        c.done()
        return result
    if letter == c'P':
        name = c.text()
        text = c.text()
        count = c.int16() & 0xFFFF
        oids = []
        for i in range(count):
            oids.append(<uint32_t>c.int32())
        c.done()
        return ("P", name, text, oids)
    if letter == c'D' or letter == c'C':
        if length < 1:
            raise invalid("no data left in message")
        kind = chr(body[0])
        c.at += 1
        name = c.text()
        c.done()
        if kind != "S" and kind != "P":
            what = "DESCRIBE" if letter == c'D' else "CLOSE"
            raise invalid(f"invalid {what} message subtype {body[0]}")
        return (chr(letter), kind, name)
    if letter == c'd' or letter == c'p':
        return (chr(letter), PyBytes_FromStringAndSize(<const char*>body, length))
    if letter == c'f':
        return ("f", c.text())
    result = ("F", <uint32_t>c.int32(), c.formats(), c.values(None), c.int16())
    c.done()
    return result


# -- backend messages --------------------------------------------------------------------------------------------------
cdef class RowEncoder:
    """How each column of a row becomes bytes.

    `codes`, a letter a column — text: i int, b bool, s str, c callable giving str; binary: 2 4 8 ints by width, u unsigned
    32 bits, B bool, S str, D float64, F float32, y bytes, C callable giving bytes. `callables` has an entry a column.
    """

    cdef bytes codes
    cdef tuple callables
    cdef Py_ssize_t columns

    def __init__(self, bytes codes, tuple callables):
        if len(codes) != len(callables):
            raise ValueError("a callable (or None) a column")
        self.codes = codes
        self.callables = callables
        self.columns = len(codes)


cdef class OutBuffer:
    """Backend messages, collected until taken."""

    cdef char* buffer
    cdef readonly Py_ssize_t size
    cdef Py_ssize_t room
    cdef uint64_t takes

    def __dealloc__(self):
        free(self.buffer)

    cdef int need(self, Py_ssize_t n) except -1:
        cdef char* grown
        cdef Py_ssize_t room
        if self.size + n <= self.room:
            return 0
        room = max(self.room * 2, self.size + n, 1024)
        grown = <char*>realloc(self.buffer, room)
        if grown == NULL:
            raise MemoryError()
        self.buffer = grown
        self.room = room
        return 0

    def take(self):
        """Everything collected, as bytes; the buffer is empty afterwards."""
        data = PyBytes_FromStringAndSize(self.buffer, self.size)
        self.size = 0
        self.takes += 1
        if self.room > 65536:
            free(self.buffer)
            self.buffer = NULL
            self.room = 0
        return data

    def since(self, Py_ssize_t mark):
        """The bytes put in after the buffer had `mark` of them."""
        return PyBytes_FromStringAndSize(self.buffer + mark, self.size - mark)

    def idle(self):
        if self.size == 0:
            free(self.buffer)
            self.buffer = NULL
            self.room = 0

    def message(self, str letter, bytes body=b""):
        """One message: letter, length, body."""
        cdef Py_ssize_t n = PyBytes_GET_SIZE(body)
        self.need(n + 5)
        self.buffer[self.size] = <char><uint8_t>ord(letter)
        put32(self.buffer + self.size + 1, <uint32_t>(n + 4))
        memcpy(self.buffer + self.size + 5, PyBytes_AS_STRING(body), n)
        self.size += n + 5

    def raw(self, bytes data):
        cdef Py_ssize_t n = PyBytes_GET_SIZE(data)
        self.need(n)
        memcpy(self.buffer + self.size, PyBytes_AS_STRING(data), n)
        self.size += n

    def row(self, tuple values, RowEncoder encoder):
        """One DataRow."""
        self._row(values, encoder)

    def rows(self, list rows, RowEncoder encoder):
        """A DataRow each."""
        cdef Py_ssize_t i
        for i in range(PyList_GET_SIZE(rows)):
            self._row(<tuple>PyList_GET_ITEM(rows, i), encoder)

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
        put32(self.buffer + start + 1, <uint32_t>(self.size - start - 1))
        return 0

    cdef int _fields(self, tuple values, RowEncoder encoder) except -1:
        cdef const char* codes = PyBytes_AS_STRING(encoder.codes)
        cdef Py_ssize_t i, start = self.size
        cdef object value
        self.need(7)
        self.buffer[self.size] = c'D'
        put16(self.buffer + self.size + 5, <uint16_t>encoder.columns)
        self.size += 7
        for i in range(encoder.columns):
            value = <object>PyTuple_GET_ITEM(values, i)
            if value is None:
                self.need(4)
                put32(self.buffer + self.size, 0xFFFFFFFF)
                self.size += 4
            else:
                self._field(value, codes[i], encoder, i)
            if self.size - start > LENGTH_MAX:
                raise ProgramLimitExceeded("out of memory", detail=f"A row of {self.size - start} bytes is longer than a message.")
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
        self.need(n + 4)
        put32(self.buffer + self.size, <uint32_t>n)
        memcpy(self.buffer + self.size + 4, text, n)
        self.size += n + 4
        return 0

    cdef int _raw(self, object value) except -1:
        cdef bytes data = value if type(value) is bytes else bytes(value)
        cdef Py_ssize_t n = PyBytes_GET_SIZE(data)
        self.need(n + 4)
        put32(self.buffer + self.size, <uint32_t>n)
        memcpy(self.buffer + self.size + 4, PyBytes_AS_STRING(data), n)
        self.size += n + 4
        return 0

    cdef int _int_text(self, object value) except -1:
        cdef int overflow = 0
        cdef long long number = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow:
            return self._str(str(value))
        cdef char digits[24]
        cdef int n = 0
        cdef unsigned long long rest
        cdef bint negative = number < 0
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
        self.need(n + 4)
        put32(self.buffer + self.size, <uint32_t>n)
        memcpy(self.buffer + self.size + 4, digits + 24 - n, n)
        self.size += n + 4
        return 0

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
