# Memory that grows: bytes that are written one behind the other, at least twice as many whenever they run out.
from libc.stdlib cimport realloc


# At least `needed` bytes at data[0], of which there are size[0]; it may move. MemoryError leaves it as it was.
cdef inline int make_room(char** data, size_t* size, size_t needed) except -1:
    cdef size_t more
    cdef char* grown
    if needed <= size[0]:
        return 0
    more = max(2 * size[0], needed)
    grown = <char*> realloc(data[0], more)
    if grown == NULL:
        raise MemoryError
    data[0] = grown
    size[0] = more
    return 0
