"""COPY's text format, whole: bytes as they arrive to rows in a batch.

    lines = CopyLines(text, b"\\t", b"\\\\N")
    lines.feed(chunk)
    lines.scan(batch)   MORE: feed again · FULL: place the batch, then scan on · ODD: take() is a line for somebody else
    lines.count          lines read, odd ones included; lines.rest() what the last chunk left

Lines are for here while they are UTF-8 without NUL and carriage return, have as many fields as expected, and each field
is one that RowText takes. What is not - an escape in octal, a rare type, every error, the end marker - is given out as
it came, a line at a time, newlines behind a backslash within it.

Not here: the odd lines (aurorapy.execute.copy.text), what is done with a batch (session/copy.py).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memchr, memcmp, memcpy, memmove

from aurorapy_native.room cimport make_room
from aurorapy_native.row_batch cimport RowBatch
from aurorapy_native.row_text cimport FIELD_BACKSLASHED, FIELD_NULL, FIELD_PLAIN, Field, RowText

cdef extern from "Python.h":
    object PyUnicode_DecodeUTF8(const char* s, Py_ssize_t n, const char* errors)

MORE, FULL, ODD = range(3)

cdef enum:
    C_MORE = 0
    C_FULL = 1
    C_ODD = 2


cdef class CopyLines:
    cdef RowText text
    cdef char delimiter
    cdef bytes null
    cdef char* null_at
    cdef Py_ssize_t null_size
    cdef char* data                  # what was fed and not yet taken: data[at:end]
    cdef Py_ssize_t at
    cdef Py_ssize_t end
    cdef size_t size
    cdef Py_ssize_t searched         # no newline in data[at:searched]
    cdef bint backslashes            # somewhere in data there is, or was, one
    cdef bint controls               # ... a NUL or a carriage return
    cdef bint invalid                # ... something that is not UTF-8
    cdef Py_ssize_t whole            # data[:whole] was looked at for UTF-8: up to a newline
    cdef Field* fields
    cdef readonly uint64_t count

    def __cinit__(self, RowText text not None, bytes delimiter not None, bytes null not None):
        self.text = text
        self.delimiter = delimiter[0]
        self.null = null
        self.null_at = PyBytes_AS_STRING(null)
        self.null_size = PyBytes_GET_SIZE(null)
        self.fields = <Field*> calloc(text.fields + 1, sizeof(Field))
        if self.fields == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.fields)
        free(self.data)

    def feed(self, bytes chunk not None):
        """More bytes, cut anywhere."""
        cdef Py_ssize_t n = PyBytes_GET_SIZE(chunk)
        if self.at == self.end:
            self.backslashes = self.controls = self.invalid = False
        if self.at:
            memmove(self.data, self.data + self.at, self.end - self.at)
            self.end -= self.at
            self.searched = max(self.searched - self.at, 0)
            self.whole = max(self.whole - self.at, 0)
            self.at = 0
        make_room(&self.data, &self.size, self.end + n)
        memcpy(self.data + self.end, PyBytes_AS_STRING(chunk), n)
        self.end += n
        self.look(self.end - n)

    cdef int look(self, Py_ssize_t start) except -1:
        """What kinds of bytes there are from `start` on."""
        cdef const char* s = self.data
        cdef Py_ssize_t n = self.end - start, i = start, stop = self.end
        cdef uint64_t word, high = 0
        self.backslashes = self.backslashes or memchr(s + start, c"\\", n) != NULL
        self.controls = self.controls or memchr(s + start, 0, n) != NULL or memchr(s + start, 13, n) != NULL
        while stop > self.whole and s[stop - 1] != 10:     # behind the last newline a character may be cut
            stop -= 1
        i = self.whole
        while i + 8 <= stop:
            memcpy(&word, s + i, 8)
            high |= word
            i += 8
        while i < stop:
            high |= <uint8_t> s[i]
            i += 1
        if high & <uint64_t> 0x8080808080808080:
            try:
                PyUnicode_DecodeUTF8(s + self.whole, stop - self.whole, NULL)
            except UnicodeDecodeError:
                self.invalid = True
        self.whole = stop
        return 0

    def scan(self, RowBatch batch not None):
        """Lines into the batch, until one of MORE, FULL, ODD."""
        cdef const char* line
        cdef const char* newline
        while True:
            if batch.is_full():
                return C_FULL
            line = self.data + self.at
            newline = self.newline_from(max(self.at, self.searched))
            if newline == NULL:
                self.searched = self.end
                return C_MORE
            if (((self.controls or self.invalid) and is_odd(line, newline, self.invalid))
                    or not self.split(line, newline)):
                return C_ODD
            if not self.text.add(batch, self.fields):
                return C_ODD
            batch.weight += newline - line
            self.at = newline + 1 - self.data
            self.count += 1

    cdef const char* newline_from(self, Py_ssize_t start) noexcept nogil:
        return <const char*> memchr(self.data + start, 10, self.end - start) if start < self.end else NULL

    cdef bint split(self, const char* line, const char* newline) noexcept nogil:
        """The fields of a line; False when it is odd."""
        cdef const char* at = line
        cdef const char* stop
        cdef int number = 0, wanted = self.text.fields
        cdef bint slashes = self.backslashes and memchr(line, c"\\", newline - line) != NULL
        cdef Py_ssize_t null_size = self.null_size
        cdef uint8_t form
        if slashes and (newline - line == 2 and line[1] == c"."):
            return False
        while True:
            if number == wanted:
                return False
            form = FIELD_PLAIN
            if slashes:
                stop = at
                while stop < newline and stop[0] != self.delimiter:
                    if stop[0] == c"\\":
                        form = FIELD_BACKSLASHED
                        stop += 1
                        if stop == newline:
                            return False              # the newline is part of the field
                    stop += 1
            else:
                stop = <const char*> memchr(at, self.delimiter, newline - at)
                if stop == NULL:
                    stop = newline
            self.fields[number].at = at
            self.fields[number].length = <uint32_t> (stop - at)
            if stop - at == null_size and memcmp(at, self.null_at, null_size) == 0:
                form = FIELD_NULL
            self.fields[number].form = form
            number += 1
            if stop == newline:
                return number == wanted
            at = stop + 1

    def take(self):
        """The line that was odd, with its newline; None while its end has not come."""
        cdef Py_ssize_t start = self.at, stop = max(self.at, self.searched), slashes
        cdef const char* newline
        while True:
            newline = self.newline_from(stop)
            if newline == NULL:
                self.searched = self.end
                return None
            stop = newline - self.data
            slashes = stop
            while slashes > start and self.data[slashes - 1] == c"\\":
                slashes -= 1
            stop += 1
            if (stop - 1 - slashes) % 2 == 0:
                break
        self.at = stop
        self.count += 1
        return PyBytes_FromStringAndSize(self.data + start, stop - start)

    def rest(self):
        """What came and was not taken."""
        rest = PyBytes_FromStringAndSize(self.data + self.at, self.end - self.at)
        self.at = self.end
        return rest


cdef bint is_odd(const char* line, const char* newline, bint invalid) noexcept nogil:
    """The line has a byte that somebody else must look at."""
    cdef const char* s = line
    while s < newline:
        if s[0] == 0 or s[0] == 13 or invalid and <uint8_t> s[0] >= 0x80:
            return True
        s += 1
    return False
