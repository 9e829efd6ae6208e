# Frontend messages out of a stream. C callers look at a message where it lies (peek), then step over it (skip).
from libc.stdint cimport int32_t, uint16_t, uint32_t, uint8_t

cdef inline uint32_t get32(const uint8_t* p) noexcept nogil:
    return (<uint32_t>p[0] << 24) | (<uint32_t>p[1] << 16) | (<uint32_t>p[2] << 8) | p[3]


cdef inline uint16_t get16(const uint8_t* p) noexcept nogil:
    return (<uint16_t>p[0] << 8) | p[1]


ctypedef struct Message:
    uint8_t letter
    const uint8_t* body      # in the reader's buffer: valid until it is fed
    Py_ssize_t length        # of the body


cdef class MessageReader:
    cdef char* buffer
    cdef Py_ssize_t start
    cdef Py_ssize_t end
    cdef size_t size
    cdef uint8_t last

    # False when no whole message is there, or one that next() has to refuse.
    cdef bint peek(self, Message* message) noexcept
    cdef void skip(self, Message* message) noexcept
    cdef int take(self, const char* data, Py_ssize_t n) except -1
    cdef int _make_room(self, Py_ssize_t n) except -1
    cdef void _shrink(self) noexcept
