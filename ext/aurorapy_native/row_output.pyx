"""Rows of a scan on their way to the client without becoming Python objects: from a tuple's bytes to a DataRow.

    rows = PlainRows(source, give_way)              the statement's result is columns of one table as they are
    for row in rows: ...                            tuples, when somebody wants those (a cursor)
    rows.emit(buffer, encoder, 131072, drain)       → how many rows were sent

A column can go straight when its letter in the row and its code for the wire say the same bytes in two orders:

| letter in the row | code | |
|---|---|---|
| t, y, g | s S, y, y | copied |
| 2 4 8 u | i | printed |
| 2 4 8 u f d | 2 4 8 u F D | turned round |
| b | b B | |

A row whose column is compressed, or younger than the row, is decoded on the spot; rows with values out of line, and
results with any other column, are decoded and encoded like those of every other plan. A test compares the two ways.

Not here: what the codes are (session/codes.py), which plans are of that form (execute/rows/plain.py).
"""

from cpython.bytes cimport PyBytes_AS_STRING
from cpython.list cimport PyList_GET_SIZE
from libc.stdint cimport int16_t, int32_t, int64_t, uint16_t, uint32_t, uint64_t, uint8_t
from libc.string cimport memcpy

from aurorapy_native.outbuffer cimport OutBuffer, RowEncoder, put32, put64
from aurorapy_native.row_source cimport RowSource
from aurorapy_native.row_values cimport TAG_LONG
from aurorapy_native.tuples cimport COLUMNS_MAX, HAS_EXTERNAL, RowCodec, TupleHeader

cdef enum Way:
    NO_WAY = 0
    COPIED_LONG = 1          # a variable-length value: length, bytes
    COPIED_16 = 2
    PRINTED = 3
    TURNED_2 = 4
    TURNED_4 = 5
    TURNED_8 = 6
    BOOL_TEXT = 7
    BOOL_BINARY = 8


cdef Way way_of(char letter, char code) noexcept nogil:
    if letter == c"t":
        return COPIED_LONG if code == c"s" or code == c"S" else NO_WAY
    if letter == c"y":
        return COPIED_LONG if code == c"y" else NO_WAY
    if letter == c"g":
        return COPIED_16 if code == c"y" else NO_WAY
    if letter == c"b":
        return BOOL_TEXT if code == c"b" else BOOL_BINARY if code == c"B" else NO_WAY
    if code == c"i":
        return PRINTED if letter == c"4" or letter == c"8" or letter == c"2" or letter == c"u" else NO_WAY
    if letter == c"2":
        return TURNED_2 if code == c"2" else NO_WAY
    if letter == c"4" or letter == c"u":
        return TURNED_4 if code == letter else NO_WAY
    if letter == c"8":
        return TURNED_8 if code == c"8" else NO_WAY
    if letter == c"f":
        return TURNED_4 if code == c"F" else NO_WAY
    if letter == c"d":
        return TURNED_8 if code == c"D" else NO_WAY
    return NO_WAY


cdef class PlainRows:
    def __init__(self, pages, give_way):
        """pages: a RowSource, or another iterator of lists of tuples. give_way is called between them."""
        self.pages = pages
        self.source = <RowSource> pages if isinstance(pages, RowSource) else None
        self.give_way = give_way
        self.page = []

    def __iter__(self):
        return self

    def __next__(self):
        while self.at >= PyList_GET_SIZE(self.page):
            self.page = []
            self.at = 0
            self.page = next(self.pages)
            self.give_way()
        self.at += 1
        return self.page[self.at - 1]

    def emit(self, OutBuffer buffer not None, RowEncoder encoder not None, Py_ssize_t bytes_max, drain):
        """Puts all rows that are left into the buffer, calling `drain` whenever it has `bytes_max` bytes; their
        number."""
        cdef list page = self.page[self.at:]
        cdef Py_ssize_t sent = PyList_GET_SIZE(page), count
        cdef bint straight = self.plan_ways(encoder)
        self.page = []
        self.at = 0
        buffer.rows(page, encoder)
        if straight:
            self.source.prepare()
        while True:
            if straight and self.source.pending is None:
                count = self.put_next(buffer, encoder)
            else:
                page = next(self.pages, None)
                count = 0 if page is None else PyList_GET_SIZE(page)
                if count:
                    buffer.rows(page, encoder)
                elif page is not None:
                    continue
            if count == 0:
                return sent
            sent += count
            if buffer.size >= bytes_max:
                drain()
            self.give_way()

    cdef Py_ssize_t put_next(self, OutBuffer buffer, RowEncoder encoder) except -1:
        """The next rows as DataRows, from where they lie; how many, 0 at the end."""
        cdef list page
        if self.source.advance() == 0:
            return 0
        if self.source.found.masks & HAS_EXTERNAL:
            page = self.source.found_page()
            buffer.rows(page, encoder)
            return PyList_GET_SIZE(page)
        self.put_found(buffer, encoder)
        return self.source.found.count

    cdef bint plan_ways(self, RowEncoder encoder) except -1:
        """Fills `ways`; False when a column has none."""
        cdef const char* codes = PyBytes_AS_STRING(encoder.codes)
        cdef RowCodec codec
        cdef int i, n
        if self.source is None or self.source.projection.count != encoder.columns or encoder.columns > STRAIGHT_MAX:
            return False
        codec = self.source.heap.codec
        for i in range(encoder.columns):
            n = self.source.projection.attno[i]
            self.ways[i] = way_of(codec.letter[n - 1], codes[i]) if n > 0 else NO_WAY
            if self.ways[i] == NO_WAY:
                return False
        return True

    cdef int put_found(self, OutBuffer buffer, RowEncoder encoder) except -1:
        """A DataRow for each version found. Nothing in here may switch."""
        cdef int i
        for i in range(self.source.found.count):
            if not self.put_row(buffer, self.source.found.row[i]):
                buffer._row(self.source.decode_found(i), encoder)
        return 0

    cdef bint put_row(self, OutBuffer buffer, const char* row) except -1:
        """0, and nothing was put, when the row must be decoded."""
        cdef uint16_t[COLUMNS_MAX] at
        cdef RowCodec codec = self.source.heap.codec
        cdef const int* attno = self.source.projection.attno
        cdef int i, columns = self.source.projection.count, highest = self.source.projection.highest
        cdef Py_ssize_t start
        if (<const TupleHeader*> row).natts < highest:
            return False
        codec.locate(row, highest, at)
        start = buffer.begin_row(columns)
        for i in range(columns):
            if at[attno[i] - 1] == 0:
                buffer.put_null()
            elif not self.put_value(buffer, codec.letter[attno[i] - 1], row + at[attno[i] - 1], self.ways[i]):
                buffer.size = start
                return False
        buffer.end_row(start)
        return True

    cdef bint put_value(self, OutBuffer buffer, char letter, const char* s, uint8_t way) except -1:
        cdef uint8_t tag
        cdef uint32_t n
        cdef uint64_t wide
        cdef char[8] turned
        if way == COPIED_LONG:
            tag = <uint8_t> s[0]
            if tag < 0x80:
                buffer.put_field(s + 1, tag)
            elif tag < 0xC0:
                buffer.put_field(s + 2, (<uint32_t> (tag & 0x3F) << 8) | <uint8_t> s[1])
            elif tag == TAG_LONG:
                memcpy(&n, s + 1, 4)
                buffer.put_field(s + 5, n)
            else:
                return False
        elif way == PRINTED:
            buffer.put_int_field(integer(letter, s))
        elif way == TURNED_4:
            memcpy(&n, s, 4)
            put32(turned, n)
            buffer.put_field(turned, 4)
        elif way == TURNED_8:
            memcpy(&wide, s, 8)
            put64(turned, wide)
            buffer.put_field(turned, 8)
        elif way == TURNED_2:
            turned[0], turned[1] = s[1], s[0]
            buffer.put_field(turned, 2)
        elif way == COPIED_16:
            buffer.put_field(s, 16)
        elif way == BOOL_TEXT:
            buffer.put_field("t" if s[0] else "f", 1)
        else:
            turned[0] = 1 if s[0] else 0
            buffer.put_field(turned, 1)
        return True


cdef int64_t integer(char letter, const char* s) noexcept nogil:
    cdef int64_t wide
    if letter == c"4":
        return (<const int32_t*> s)[0]
    if letter == c"2":
        return (<const int16_t*> s)[0]
    if letter == c"u":
        return (<const uint32_t*> s)[0]
    memcpy(&wide, s, 8)
    return wide
