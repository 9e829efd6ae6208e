"""The row codec: a row of Python values as bytes on a page, and single columns back.

    (42, 'ab', NULL, True)   letters "4tnb"
    header 36 | bitmap 0b1011 | 2a 00 00 00 | 02 'a' 'b' | 01
                                int32         length, bytes  bool

The header says who made and deleted the version (TupleHeader in tuples.pxd); it has no hint bits. Values lie one behind
the other, little-endian, unaligned; NULLs take a bit and nothing else. A row may have fewer columns than the table: the
rest is what ALTER TABLE ADD COLUMN said (`missing`).

| letter | bytes |
|---|---|
| b 1 2 4 8 u f d | 1 1 2 4 8 4 4 8 |
| 6 tid | 6 |
| g uuid | 16 |
| i interval | microseconds 8, days 4, months 4 |
| v void | none |
| t text, y bytes | UTF-8, bytes |
| n numeric | sign and class, exponent, two decimal digits a byte |
| a array | dimensions, flags, element letter, element oid, lengths and bounds, bitmap, elements |
| r record | count; a field: oid, letter, value |

The last five are preceded by their length or by how else they lie:

    00..7f            length
    80..bf, 1 byte    length of 14 bits
    e0, u32           length
    f0, u16           lz4: u32 raw length, block          (u16 counts what follows)
    f1, 16 bytes      out of line: flags, depth, u32 raw length, u32 stored length, 6 bytes tid (access/toast.py)

Arrays and records say themselves what their elements are, so they decode without the catalog.

Errors: DataError 22003 for an int its column cannot hold, ProgramLimitExceeded 54000 for a value of 1 GB and 54011 for
too many columns, InternalError for a letter or value that has no business here, DataCorrupted for bytes that are no
row.

Not here: fetching what is out of line (access/toast.py), where rows lie (heap), order (keys).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.float cimport PyFloat_AsDouble
from cpython.long cimport PyLong_AsLongLong, PyLong_FromLong, PyLong_FromLongLong
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_New, PyTuple_SET_ITEM
from libc.stdint cimport int16_t, uint8_t, uint16_t, uint32_t, uint64_t, int32_t, int64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memmove, memset

from aurorapy_native.room cimport make_room
from aurorapy_native.row_values cimport *

from lz4.block import compress as lz4_compress, decompress as lz4_decompress

from aurorapy.errors import DataError, InternalError, ProgramLimitExceeded

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    object PyUnicode_DecodeUTF8(const char* s, Py_ssize_t n, const char* errors)

cdef enum:
    LONG_VALUE = 8100        # no page holds such a value: it is not copied, the row counts as oversize

SYSTEM_COLUMNS = {"ctid": -1, "xmin": -2, "cmin": -3, "xmax": -4, "cmax": -5, "tableoid": -6}
VARIABLE_LETTERS = "tynar"
COMPRESSED_TAG, EXTERNAL_TAG = TAG_COMPRESSED, TAG_EXTERNAL
HEADER_SIZE = TUPLE_HEADER


def _builtin_letter(oid):
    from aurorapy.types.builtin import TYPES

    return TYPES[oid].storage


cdef class Projection:
    def __dealloc__(self):
        free(self.attno)

    def __init__(self, tuple columns not None):
        cdef int i
        self.columns = columns
        self.count = <int> len(columns)
        self.attno = <int*> calloc(self.count + 1, sizeof(int))
        if self.attno == NULL:
            raise MemoryError
        for i in range(self.count):
            self.attno[i] = columns[i]
            if self.attno[i] > self.highest:
                self.highest = self.attno[i]
            if self.attno[i] < 0:
                self.system = True

    def __repr__(self):
        return f"Projection({self.columns})"


cdef class Stored:
    def __init__(self, bytes data not None):
        self.data = data


cdef class OutOfLine:
    def __init__(self, bytes pointer not None, str letter not None):
        self.pointer = pointer
        self.letter = letter

    def __repr__(self):
        return f"<a value out of line, {int.from_bytes(self.pointer[2:6], 'little')} bytes>"


cdef class RowCodec:
    def __cinit__(self, str letters not None, missing=None, letter_of=None):
        cdef int i, at = 0
        self.letters = letters
        self.natts = <int> len(letters)
        if self.natts > COLUMNS_MAX:
            raise ProgramLimitExceeded("tables can have at most 1600 columns", sqlstate="54011")
        self.letter = <char*> calloc(self.natts + 1, 1)
        self.width = <int*> calloc(self.natts + 1, sizeof(int))
        self.fixed_at = <int*> calloc(self.natts + 1, sizeof(int))
        if not (self.letter and self.width and self.fixed_at):
            raise MemoryError
        make_room(&self.data, &self.size, 16384)
        for i in range(self.natts):
            self.letter[i] = <char> ord(letters[i])
            self.width[i] = width_of(self.letter[i])
            self.fixed_at[i] = at
            at = at + self.width[i] if at >= 0 and self.width[i] >= 0 else -1
        self.fixed_at[self.natts] = at
        self.missing = [None] * self.natts if missing is None else list(missing)
        if len(self.missing) != self.natts:
            raise ValueError("`missing` needs a value a column")
        self.letter_of = letter_of or _builtin_letter
        self.projections = {}

    def __init__(self, letters, missing=None, letter_of=None):
        """letters: a storage letter a column (types.model.Type.storage). missing: a value a column, for rows older than
        it. letter_of: type oid → storage letter, for elements of arrays and records; the built-in types by default."""

    def __dealloc__(self):
        free(self.letter)
        free(self.width)
        free(self.fixed_at)
        free(self.data)

    # -- encoding --------------------------------------------------------------------------------------------------

    cdef int reserve(self, size_t n) except -1:
        return make_room(&self.data, &self.size, self.used + n)

    cdef size_t encode_row(self, object values) except 0:
        cdef size_t start = self.used
        cdef int i, n = self.natts
        cdef TupleHeader* header
        cdef uint32_t bitmap = (n + 7) >> 3
        cdef bint nulls = False, external = False
        cdef object value
        cdef tuple row
        if type(values) is not tuple:
            values = tuple(values)
        row = <tuple> values
        if len(row) != n:
            raise InternalError(f"a row of {len(row)} values for a table of {n} columns")
        for i in range(n):
            if <object> PyTuple_GET_ITEM(row, i) is None:
                nulls = True
                break
        if not nulls:
            bitmap = 0
        self.oversize = False
        self.reserve(TUPLE_HEADER + bitmap)
        memset(self.data + start, 0, TUPLE_HEADER + bitmap)
        self.used = start + TUPLE_HEADER + bitmap
        try:
            for i in range(n):
                value = <object> PyTuple_GET_ITEM(row, i)
                if value is None:
                    continue
                if nulls:
                    self.data[start + TUPLE_HEADER + (i >> 3)] |= <char> (1 << (i & 7))
                if type(value) is Stored:
                    external = external or <uint8_t> PyBytes_AS_STRING((<Stored> value).data)[0] == TAG_EXTERNAL
                self.put_value(self.letter[i], value, True)
        except:
            self.used = start
            raise
        header = <TupleHeader*> (self.data + start)
        header.natts = <uint16_t> n
        header.hoff = <uint16_t> (TUPLE_HEADER + bitmap)
        header.infomask = <uint16_t> ((HAS_NULLS if nulls else 0) | (HAS_EXTERNAL if external else 0))
        return self.used - start

    cdef int put_value(self, char letter, object value, bint top) except -1:
        cdef int64_t number
        cdef double real
        cdef float single
        cdef Py_ssize_t n = 0
        cdef const char* s
        cdef char* to
        self.reserve(32)
        to = self.data + self.used
        if letter == c"4" or letter == c"8" or letter == c"2" or letter == c"u" or letter == c"6":
            number = PyLong_AsLongLong(value)
            if letter == c"8":
                memcpy(to, &number, 8)
                self.used += 8
            elif letter == c"4":
                if number != <int32_t> number:
                    raise DataError("integer out of range", sqlstate="22003")
                memcpy(to, &number, 4)
                self.used += 4
            elif letter == c"2":
                if number != <int16_t> number:
                    raise DataError("smallint out of range", sqlstate="22003")
                memcpy(to, &number, 2)
                self.used += 2
            elif letter == c"u":
                if number != <int64_t> <uint32_t> number:
                    raise DataError("OID out of range", sqlstate="22003")
                memcpy(to, &number, 4)
                self.used += 4
            else:
                memcpy(to, &number, 6)
                self.used += 6
        elif letter == c"t":
            if type(value) is not str:
                return self.put_stored(value, "text")
            if top and PyUnicode_GET_LENGTH(value) > LONG_VALUE:
                self.oversize = True           # and its UTF-8 is not made in one piece
                return 0
            s = PyUnicode_AsUTF8AndSize(value, &n)
            self.put_bytes(s, n, top)
        elif letter == c"b":
            to[0] = 1 if value else 0
            self.used += 1
        elif letter == c"d":
            real = PyFloat_AsDouble(value)
            memcpy(to, &real, 8)
            self.used += 8
        elif letter == c"f":
            single = <float> PyFloat_AsDouble(value)
            memcpy(to, &single, 4)
            self.used += 4
        elif letter == c"n":
            if isinstance(value, Stored):
                return self.put_stored(value, "numeric")
            self.put_numeric(value)
        elif letter == c"y":
            if type(value) is not bytes:
                return self.put_stored(value, "bytea")
            self.put_bytes(PyBytes_AS_STRING(<bytes> value), PyBytes_GET_SIZE(<bytes> value), top)
        elif letter == c"i":
            number = PyLong_AsLongLong(value.micros)
            memcpy(to, &number, 8)
            number = PyLong_AsLongLong(value.days)
            memcpy(to + 8, &number, 4)
            number = PyLong_AsLongLong(value.months)
            memcpy(to + 12, &number, 4)
            self.used += 16
        elif letter == c"g":
            if type(value) is not bytes or PyBytes_GET_SIZE(<bytes> value) != 16:
                raise InternalError(f"not the 16 bytes of a uuid: {value!r}")
            memcpy(to, PyBytes_AS_STRING(<bytes> value), 16)
            self.used += 16
        elif letter == c"1":
            number = ord(value) if value else 0
            to[0] = <char> number
            self.used += 1
        elif letter == c"a":
            if isinstance(value, Stored):
                return self.put_stored(value, "array")
            self.put_array(value)
        elif letter == c"r":
            if isinstance(value, Stored):
                return self.put_stored(value, "record")
            self.put_record(value)
        elif letter != c"v":
            raise InternalError(f"no storage letter: {chr(letter)!r}")
        return 0

    def put_stored(self, value, str what):
        """A value that access/toast.py has brought into its form already."""
        cdef bytes data
        if not isinstance(value, Stored):
            raise InternalError(f"not a {what} value: {type(value).__name__}")
        data = (<Stored> value).data
        self.reserve(PyBytes_GET_SIZE(data))
        memcpy(self.data + self.used, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
        self.used += PyBytes_GET_SIZE(data)
        return 0

    cdef int put_bytes(self, const char* s, size_t n, bint top) except -1:
        cdef char* to
        cdef uint32_t length = <uint32_t> n
        if n > VALUE_MAX:
            raise ProgramLimitExceeded(f"invalid memory alloc request size {n}", sqlstate="XX000")
        if top and n > LONG_VALUE:
            self.oversize = True
            return 0
        self.reserve(n + 5)
        to = self.data + self.used
        if n < 0x80:
            to[0] = <char> n
            to += 1
        elif n < 0x4000:
            to[0] = <char> (0x80 | (n >> 8))
            to[1] = <char> (n & 0xFF)
            to += 2
        else:
            to[0] = <char> TAG_LONG
            memcpy(to + 1, &length, 4)
            to += 5
        memcpy(to, s, n)
        self.used = (to - self.data) + n
        return 0

    cdef int close_body(self, size_t start) except -1:
        """What stands in data[start + 5:used] becomes a value with its length in front, beginning at `start`."""
        cdef size_t n = self.used - start - 5
        cdef uint32_t length = <uint32_t> n
        cdef char* to = self.data + start
        if n > VALUE_MAX:
            raise ProgramLimitExceeded(f"invalid memory alloc request size {n}", sqlstate="XX000")
        if n < 0x80:
            memmove(to + 1, to + 5, n)
            to[0] = <char> n
            self.used -= 4
        elif n < 0x4000:
            memmove(to + 2, to + 5, n)
            to[0] = <char> (0x80 | (n >> 8))
            to[1] = <char> (n & 0xFF)
            self.used -= 3
        else:
            to[0] = <char> TAG_LONG
            memcpy(to + 1, &length, 4)
        return 0

    cdef int put_numeric(self, object value) except -1:
        cdef size_t start = self.used
        cdef str text = str(value)
        cdef Py_ssize_t n = 0, i
        cdef const char* s = PyUnicode_AsUTF8AndSize(text, &n)
        cdef char* head
        cdef char* digit
        cdef uint8_t flags = 0
        cdef int64_t exponent = 0
        cdef int32_t wide
        cdef uint32_t digits = 0
        cdef bint point = False
        self.reserve(n + 16)
        head = self.data + start + 5
        i = 0
        if s[0] == c"-":
            flags = NUMERIC_NEGATIVE
            i = 1
        if s[i] == c"N" or s[i] == c"s":
            head[0] = <char> NUMERIC_NAN
            self.used = start + 6
            return self.close_body(start)
        if s[i] == c"I":
            head[0] = <char> (flags | NUMERIC_INFINITY)
            self.used = start + 6
            return self.close_body(start)
        digit = head + 5                      # moved down when the exponent takes one byte
        while i < n:
            if s[i] == c".":
                point = True
            elif s[i] == c"E":
                exponent += int(text[i + 1:])
                break
            else:
                if digits & 1:
                    digit[digits >> 1] |= <char> (s[i] - 48)
                else:
                    digit[digits >> 1] = <char> ((s[i] - 48) << 4)
                digits += 1
                exponent -= point
            i += 1
        if digits & 1:
            flags |= NUMERIC_ODD
        if -128 <= exponent < 128:
            head[1] = <char> exponent
            memmove(head + 2, digit, (digits + 1) >> 1)
            self.used = start + 5 + 2 + ((digits + 1) >> 1)
        else:
            flags |= NUMERIC_WIDE
            wide = <int32_t> exponent
            memcpy(head + 1, &wide, 4)
            self.used = start + 5 + 5 + ((digits + 1) >> 1)
        head[0] = <char> flags
        return self.close_body(start)

    cdef int put_array(self, object value) except -1:
        cdef size_t start = self.used, bitmap
        cdef tuple items = value.items
        cdef int dims = <int> len(value.dims)
        cdef Py_ssize_t n = len(items), i
        cdef uint32_t oid = value.elem_oid
        cdef int32_t number
        cdef bint nulls = None in items
        cdef str letter = self.letter_of(value.elem_oid)
        self.used = start + 5
        self.reserve(16 + 8 * dims + (n >> 3) + 1)
        self.data[self.used] = <char> dims
        self.data[self.used + 1] = 1 if nulls else 0
        self.data[self.used + 2] = <char> ord(letter)
        memcpy(self.data + self.used + 3, &oid, 4)
        self.used += 7
        for i in range(dims):
            number = value.dims[i]
            memcpy(self.data + self.used, &number, 4)
            number = value.lower[i]
            memcpy(self.data + self.used + 4, &number, 4)
            self.used += 8
        bitmap = self.used
        if nulls:
            memset(self.data + bitmap, 0, (n + 7) >> 3)
            self.used += (n + 7) >> 3
        for i in range(n):
            if items[i] is None:
                continue
            if nulls:
                self.data[bitmap + (i >> 3)] |= <char> (1 << (i & 7))
            self.put_value(<char> ord(letter), items[i], False)
        return self.close_body(start)

    cdef int put_record(self, object value) except -1:
        cdef size_t start = self.used
        cdef uint16_t n = <uint16_t> len(value.fields)
        cdef uint32_t oid
        cdef str letter
        self.used = start + 5
        self.reserve(16)
        memcpy(self.data + self.used, &n, 2)
        self.used += 2
        for field, type_oid in zip(value.fields, value.type_oids):
            oid = type_oid
            letter = "\0" if field is None else self.letter_of(type_oid)
            self.reserve(16)
            memcpy(self.data + self.used, &oid, 4)
            self.data[self.used + 4] = <char> ord(letter)
            self.used += 5
            if field is not None:
                self.put_value(<char> ord(letter), field, False)
        return self.close_body(start)

    # -- decoding --------------------------------------------------------------------------------------------------

    cdef int locate(self, const char* row, int highest, uint16_t* at) noexcept nogil:
        """Offsets of attributes 1..highest in the row into at[0..]; 0 for NULL. Returns how many the row has of
        them."""
        cdef const TupleHeader* header = <const TupleHeader*> row
        cdef const uint8_t* bitmap = <const uint8_t*> row + TUPLE_HEADER
        cdef int n = header.natts, i = 0, width
        cdef uint32_t off = header.hoff
        cdef uint8_t tag
        if n > highest:
            n = highest
        if not header.infomask & HAS_NULLS:
            while i < n and self.fixed_at[i] >= 0:
                at[i] = <uint16_t> (off + self.fixed_at[i])
                i += 1
            if i < n:                              # the one after the last fixed offset
                off = at[i - 1] + self.skip_width(i - 1, row, at[i - 1]) if i else off
        while i < n:
            if header.infomask & HAS_NULLS and not bitmap[i >> 3] >> (i & 7) & 1:
                at[i] = 0
                i += 1
                continue
            at[i] = <uint16_t> off
            width = self.width[i]
            if width >= 0:
                off += width
            else:
                tag = <uint8_t> row[off]
                if tag < 0x80:
                    off += 1 + tag
                else:
                    off += stored_size(row + off)
            i += 1
        return n

    cdef uint32_t skip_width(self, int i, const char* row, uint32_t off) noexcept nogil:
        return self.width[i] if self.width[i] >= 0 else stored_size(row + off)

    cdef tuple decode(self, const char* row, Projection projection, uint32_t block, uint32_t line, uint32_t table):
        cdef uint16_t[COLUMNS_MAX] at
        cdef int i, n, have
        cdef tuple out = PyTuple_New(projection.count)
        cdef object value
        have = self.locate(row, projection.highest, at) if projection.highest else 0
        for i in range(projection.count):
            n = projection.attno[i]
            if n > 0:
                if n > have:
                    value = self.missing[n - 1]
                elif at[n - 1] == 0:
                    value = None
                else:
                    value = self.value_at(self.letter[n - 1], row, at[n - 1])
            else:
                value = system_value(<const TupleHeader*> row, n, block, line, table)
            Py_INCREF(value)
            PyTuple_SET_ITEM(out, i, value)
        return out

    cdef object value_at(self, char letter, const char* row, uint16_t at):
        cdef const char* s = row + at
        cdef uint8_t tag
        cdef uint32_t n
        if letter == c"4":
            return PyLong_FromLong((<const int32_t*> s)[0])
        if letter == c"t" or letter == c"y" or letter == c"n" or letter == c"a" or letter == c"r":
            tag = <uint8_t> s[0]
            if tag < 0x80:
                if letter == c"t":
                    return PyUnicode_DecodeUTF8(s + 1, tag, NULL)
                return decode_value(letter, s + 1, tag)
            if tag < 0xC0:
                return decode_value(letter, s + 2, (<uint32_t> (tag & 0x3F) << 8) | <uint8_t> s[1])
            if tag == TAG_EXTERNAL:
                return OutOfLine(PyBytes_FromStringAndSize(s + 1, POINTER_SIZE), chr(letter))
            if tag == TAG_COMPRESSED:
                return self.decompressed(letter, PyBytes_FromStringAndSize(s + 3, stored_size(s) - 3))
            memcpy(&n, s + 1, 4)
            return decode_value(letter, s + 5, n)
        return decode_value(letter, s, 0)

    def decompressed(self, char letter, bytes stored):
        cdef bytes raw = lz4_decompress(stored)
        return decode_value(letter, PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw))

    cdef int attribute(self, const char* row, int n, const char** at, uint32_t* length) except -1:
        cdef uint16_t[COLUMNS_MAX] offset
        cdef const char* s
        cdef uint8_t tag
        if n > (<const TupleHeader*> row).natts:
            return FORM_MISSING
        self.locate(row, n, offset)
        if offset[n - 1] == 0:
            return FORM_NULL
        s = row + offset[n - 1]
        if self.width[n - 1] >= 0:
            at[0] = s
            length[0] = self.width[n - 1]
            return FORM_PLAIN
        tag = <uint8_t> s[0]
        if tag < 0x80:
            at[0] = s + 1
            length[0] = tag
        elif tag < 0xC0:
            at[0] = s + 2
            length[0] = (<uint32_t> (tag & 0x3F) << 8) | <uint8_t> s[1]
        elif tag == TAG_COMPRESSED:
            at[0] = s + 3
            length[0] = stored_size(s) - 3
            return FORM_COMPRESSED
        elif tag == TAG_EXTERNAL:
            at[0] = s + 1
            length[0] = POINTER_SIZE
            return FORM_EXTERNAL
        else:
            at[0] = s + 5
            memcpy(length, s + 1, 4)
        return FORM_PLAIN

    cdef object value(self, const char* row, int n):
        cdef uint16_t[COLUMNS_MAX] at
        if n > (<const TupleHeader*> row).natts:
            return self.missing[n - 1]
        self.locate(row, n, at)
        return None if at[n - 1] == 0 else self.value_at(self.letter[n - 1], row, at[n - 1])

    # -- Python's view ---------------------------------------------------------------------------------------------

    cdef Projection project(self, object columns):
        cdef Projection found = self.last_projection
        if type(columns) is Projection:
            found = <Projection> columns
            if found.highest > self.natts:
                raise InternalError(f"no column {found.highest} in a row of {self.natts}")
            return found
        if found is not None and found.columns is columns:
            return found
        found = self.projections.get(columns)
        if found is None:
            found = Projection(tuple(columns))
            if found.highest > self.natts:
                raise InternalError(f"no column {found.highest} in a row of {self.natts}")
            if len(self.projections) > 200:
                self.projections.clear()
            self.projections[found.columns] = found
        self.last_projection = found
        return found

    def projection(self, columns):
        """The Projection of a tuple of attnos (from 1; SYSTEM_COLUMNS negative): readers take it in place of the
        tuple."""
        return self.project(columns)

    def encode(self, values):
        """The row as bytes, its header empty but for layout. For tools and tests."""
        cdef size_t n
        self.used = 0
        n = self.encode_row(values)
        if self.oversize:
            raise ProgramLimitExceeded("row is too big")
        return PyBytes_FromStringAndSize(self.data, n)

    def decode_row(self, bytes row not None, columns=None):
        """Columns (all by default) of a row as encode() gives it."""
        if columns is None:
            columns = tuple(range(1, self.natts + 1))
        return self.decode(PyBytes_AS_STRING(row), self.project(columns), 0, 0, 0)

    def payload(self, int n, value):
        """The bytes of a variable-length value of column n (from 1), without length or tag."""
        cdef str letter = self.letters[n - 1]
        cdef size_t start
        if letter == "t":
            return (<str> value).encode()
        if letter == "y":
            return value
        self.used = 0
        self.put_value(self.letter[n - 1], value, False)
        start = 1 if <uint8_t> self.data[0] < 0x80 else 2 if <uint8_t> self.data[0] < 0xC0 else 5
        return PyBytes_FromStringAndSize(self.data + start, self.used - start)

    def attribute_bytes(self, bytes row not None, int n):
        """(form, bytes) of column n: for tests of what C callers see."""
        cdef const char* at = NULL
        cdef uint32_t length = 0
        form = self.attribute(PyBytes_AS_STRING(row), n, &at, &length)
        return form, PyBytes_FromStringAndSize(at, length) if at != NULL else None


def compressed(bytes payload not None):
    """The Stored form of a value compressed in its row, or None when it does not get shorter by a quarter."""
    cdef bytes block
    if len(payload) > 65536:
        return None
    block = lz4_compress(payload, store_size=True)
    if len(block) > len(payload) * 3 // 4 or len(block) > 8000:
        return None
    return Stored(bytes([TAG_COMPRESSED]) + len(block).to_bytes(2, "little") + block)


def value_of(str letter not None, bytes payload not None):
    """The value whose payload this is."""
    return decode_value(<char> ord(letter), PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload))


cdef object system_value(const TupleHeader* header, int n, uint32_t block, uint32_t line, uint32_t table):
    if n == -1:
        return (<uint64_t> block << 16) | line
    if n == -2:
        return <uint32_t> header.xmin
    if n == -3:
        return header.cmin
    if n == -4:
        return <uint32_t> header.xmax
    if n == -5:
        return header.cmax
    if n == -6:
        return table
    raise InternalError(f"no system column {n}")
