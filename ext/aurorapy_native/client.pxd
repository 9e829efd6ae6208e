# One client's bytes, between the event loop and the session's task.
from aurorapy_native.outbuffer cimport OutBuffer
from aurorapy_native.short_path cimport ShortPath
from aurorapy_native.tasks cimport RunQueue, Sender, Waiter
from aurorapy_native.wire cimport MessageReader

cdef class ClientStream(Sender):
    cdef readonly MessageReader reader
    cdef readonly OutBuffer out
    cdef readonly RunQueue tasks
    cdef public object transport
    cdef public object can_write     # the Waiter of who waits for the client to read; None: it reads
    cdef public bint lost            # the peer closed
    cdef Waiter waiting              # the task's wait for bytes
    cdef ShortPath here              # while the task waits and no timer runs: what may answer without it
    cdef bint reading_paused         # the session is busy and enough has been read ahead
    cdef int socket                  # of a connection without TLS; -1: everything goes through the transport
    cdef bint behind                 # the transport may have something queued, which goes first

    # Waits until the client has read enough; True when bytes have come meanwhile.
    cdef bint wait_for_reader(self) except -1
    cdef int wait_for_bytes(self, object timeout) except -1
    cdef int wait_for_client(self, ShortPath short) except -1
    cdef int idle(self, ShortPath short) except -1
