# Parameter values of a Bind message.
from libc.stdint cimport uint8_t

cdef class ParamReader:
    cdef readonly bytes codes
    cdef readonly tuple decoders
    cdef int count

    # The values that begin at `at`, their number first; `after` is set behind them. None when there is another number
    # of them or one has to be refused: the general decoder says how.
    cdef tuple read(self, const uint8_t* at, const uint8_t* end, const uint8_t** after)
    cdef object value(self, int i, const uint8_t* at, int n)
