"""The PostgreSQL protocol's bytes: frontend messages taken apart. No I/O.

    reader = MessageReader()
    reader.feed(data)                       # whatever one recv gave
    while (message := reader.next()) is not None: ...

`next` gives a tuple whose first item is the message's letter:

    ("Q", text) · ("P", name, text, [oid]) · ("B", portal, statement, [format], [bytes|None], [format])
    ("D", "S"|"P", name) · ("E", portal, limit) · ("C", "S"|"P", name) · ("d", bytes) · ("f", text) · ("p", bytes)
    ("F", oid, [format], [bytes|None], format) · ("S",) ("H",) ("X",) ("c",)

Errors: ProtocolViolation 08P01, DataError 22021 or 22023 for a message that does not say what it must: it is taken,
`reader.letter` tells which one it was, and the next can be read. FatalError 08P01 for a letter that the protocol does
not know; ConnectionLost for a length that cannot be right, to be answered by closing and nothing else.

Not here: backend messages (`outbuffer`), what the messages mean (`session`), startup (`aurorapy.wire.startup`).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int16_t, int32_t, uint16_t, uint32_t, uint8_t
from libc.stdlib cimport free
from libc.string cimport memchr, memcpy, memmove

from aurorapy_native.room cimport make_room

from aurorapy.errors import DataError, FatalError, ProtocolViolation

cdef enum:
    LENGTH_MAX = 0x3FFFFFFF        # 1 GB - 1: what PostgreSQL takes for a large message
    BUFFER_FIRST = 512
    SMALL_LENGTH_MAX = 10000       # messages that carry no data


class ConnectionLost(Exception):
    """The stream cannot be followed any further; the connection is closed without an answer."""


cdef bint is_large(uint8_t letter) noexcept nogil:
    """Messages that may be long; the others are refused above 10,000 bytes, as PostgreSQL does."""
    return letter == c'Q' or letter == c'P' or letter == c'B' or letter == c'd' or letter == c'F'


cdef bint is_known(uint8_t letter) noexcept nogil:
    return memchr(b"QPBDECSHXdcfpF", letter, 14) != NULL


cdef class MessageReader:
    """Frontend messages out of a byte stream cut anywhere. Memory follows what has arrived, never what a header
    claims."""

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

    def feed(self, data):
        cdef const uint8_t[::1] view
        if type(data) is bytes:
            self.take(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
        elif len(data):
            view = data
            self.take(<const char*> &view[0], view.shape[0])

    cdef int take(self, const char* data, Py_ssize_t n) except -1:
        if self.start == self.end:
            self.start = self.end = 0
        if self.end + n > self.size:
            self._make_room(n)
        memcpy(self.buffer + self.end, data, n)
        self.end += n
        return 0

    cdef int _make_room(self, Py_ssize_t n) except -1:
        cdef Py_ssize_t used = self.end - self.start
        if self.start:
            memmove(self.buffer, self.buffer + self.start, used)
            self.start = 0
            self.end = used
        return make_room(&self.buffer, &self.size, max(used + n, BUFFER_FIRST))

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

    cdef bint peek(self, Message* message) noexcept:
        cdef Py_ssize_t have = self.end - self.start
        cdef const uint8_t* p = <const uint8_t*>self.buffer + self.start
        cdef uint32_t length
        if have < 5:
            return False
        length = get32(p + 1)
        if length < 4 or length > LENGTH_MAX or have < <Py_ssize_t>length + 1 or not is_known(p[0]):
            return False
        message.letter = p[0]
        message.body = p + 5
        message.length = length - 4
        return True

    cdef void skip(self, Message* message) noexcept:
        self.start += message.length + 5
        self.last = message.letter

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

    def copy_data(self):
        """What the whole CopyData messages that come next carry, together; b"" when there is none."""
        cdef const uint8_t* p = <const uint8_t*>self.buffer
        cdef Py_ssize_t at = self.start, total = 0
        cdef uint32_t length
        cdef char* to
        while self.end - at >= 5 and p[at] == c'd':
            length = get32(p + at + 1)
            if length < 4 or length > LENGTH_MAX or self.end - at < <Py_ssize_t>length + 1:
                break
            total += length - 4
            at += length + 1
        if total == 0:
            return b""
        data = PyBytes_FromStringAndSize(NULL, total)
        to = PyBytes_AS_STRING(data)
        while self.start < at:
            length = get32(p + self.start + 1)
            memcpy(to, p + self.start + 5, length - 4)
            to += length - 4
            self.start += length + 1
        return data


cdef object invalid(str what):
    return ProtocolViolation(what)


cdef class Cursor:
    """A position in one message's body; every step checks the end."""

    cdef const uint8_t* at
    cdef const uint8_t* end

    cdef str text(self):
        cdef const uint8_t* zero = NULL
        if self.end > self.at:
            zero = <const uint8_t*>memchr(self.at, 0, self.end - self.at)
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
