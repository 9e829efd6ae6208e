"""Index keys straight from rows' bytes, without a Python value in between for the types that have a C form.

    keys = RowKeys(row_codec, key_codec, (2, 1))        an index on the second and the first column
    keys.encode(row) leaves the key in key_codec's buffer

Not here: expressions and predicates, which look at Python values (access/table.py); values out of line.
"""

from libc.stdint cimport int16_t, int32_t, int64_t, uint32_t
from libc.string cimport memcpy

from aurorapy_native.keys cimport KeyCodec
from aurorapy_native.tuples cimport FORM_COMPRESSED, FORM_EXTERNAL, FORM_MISSING, FORM_NULL, RowCodec


cdef class RowKeys:
    def __cinit__(self, RowCodec rows not None, KeyCodec keys not None, tuple columns not None,
                  bint nulls_distinct=True):
        cdef int i
        if len(columns) != keys.columns:
            raise ValueError(f"{len(columns)} columns for a key of {keys.columns}")
        self.rows = rows
        self.keys = keys
        self.nulls_distinct = nulls_distinct
        for i in range(keys.columns):
            self.attno[i] = columns[i]
            if not 1 <= self.attno[i] <= rows.natts:
                raise ValueError(f"no column {columns[i]}")

    def __init__(self, rows, keys, columns, nulls_distinct=True):
        """columns: attnos of the key's columns. nulls_distinct: keys with a NULL in them never count as equal."""

    cdef int encode(self, const char* row, bint* decisive) except -1:
        cdef KeyCodec keys = self.keys
        cdef int i, n, form
        cdef const char* at = NULL
        cdef uint32_t length = 0
        cdef size_t body
        cdef object value
        decisive[0] = True
        keys.start()
        for i in range(keys.columns):
            n = self.attno[i]
            form = self.rows.attribute(row, n, &at, &length)
            if form == FORM_EXTERNAL or form == FORM_COMPRESSED:
                return 0
            value = self.rows.missing[n - 1] if form == FORM_MISSING else None
            if form == FORM_NULL or form == FORM_MISSING and value is None:
                keys.add_null(i)
                decisive[0] = decisive[0] and not self.nulls_distinct
            elif form == FORM_MISSING or not self.add_plain(i, self.rows.letter[n - 1], at, length):
                if form != FORM_MISSING:
                    value = self.rows.value(row, n)
                body = keys.mark()
                keys.put_value(keys.letter[i], value)
                keys.close(i, body)
        return 1

    cdef int add_plain(self, int i, char letter, const char* at, uint32_t length) except -1:
        """Column i of the key from a value's bytes; 0 when only the Python value will do."""
        cdef KeyCodec keys = self.keys
        cdef char wanted = keys.letter[i]
        cdef int64_t wide
        cdef int32_t middle
        cdef int16_t narrow
        cdef double real
        cdef float single
        if letter == c"t":
            if wanted != c"t" and wanted != c"c" and wanted != c"p":
                return 0
            keys.add_text(i, at, length)
            return 1
        if letter != wanted:
            return 0
        if letter == c"4":
            memcpy(&middle, at, 4)
            keys.add_int(i, middle)
        elif letter == c"8":
            memcpy(&wide, at, 8)
            keys.add_int(i, wide)
        elif letter == c"2":
            memcpy(&narrow, at, 2)
            keys.add_int(i, narrow)
        elif letter == c"u":
            memcpy(&middle, at, 4)
            keys.add_int(i, <uint32_t> middle)
        elif letter == c"b":
            keys.add_bool(i, at[0] != 0)
        elif letter == c"d":
            memcpy(&real, at, 8)
            keys.add_double(i, real)
        elif letter == c"f":
            memcpy(&single, at, 4)
            keys.add_double(i, single)
        elif letter == c"y" or letter == c"g":
            keys.add_bytes(i, at, length)
        else:
            return 0
        return 1

    def key(self, bytes row not None):
        """(key, decisive) of a row as RowCodec.encode gives it; None when its values must be decoded. For tests."""
        cdef bint decisive = False
        cdef const char* data = row
        if not self.encode(data, &decisive):
            return None
        return self.keys.data[:self.keys.used], bool(decisive)
