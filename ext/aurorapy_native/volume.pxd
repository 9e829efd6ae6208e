# The way of a commit through the volume: redo out, answers in, the VDL, who waits for it.
from libc.stdint cimport uint32_t, uint64_t
from aurorapy_native.redo cimport RedoBuffer
from aurorapy_native.tasks cimport RunQueue, Sender

cdef class DurableWait:
    """Somebody who waits until the VDL has passed an LSN."""
    cdef uint64_t lsn

    # Called once, wherever the VDL moves: error is None when it has passed, else why it never will. Must not switch.
    cpdef int passed(self, object error) except -1

cdef class GroupProgress:
    """How far the copies of one protection group are."""
    cdef readonly dict positions         # SCL by copy, of all that are written to
    cdef public object write             # quorum rule
    cdef public uint64_t complete        # PGCL
    cdef public uint64_t read_point      # the group's last LSN at or below the VDL

cdef class Take:
    """What one flush took: durable when every group has its part of it on a write quorum."""
    cdef uint64_t point                  # a consistency point: the end of what was taken
    cdef list parts                      # (GroupProgress, LSN of the group's last record)

cdef class VolumeCore(Sender):
    cdef public object epoch
    cdef public object transport
    cdef readonly RunQueue tasks
    cdef readonly RedoBuffer redo
    cdef readonly uint64_t vdl
    cdef public dict groups              # number -> GroupProgress
    cdef public object failure           # DatabaseError; nothing becomes durable any more
    cdef public bint closed
    cdef public bint follows             # a reader's: nothing is written here
    cdef public object feed              # callable(point, records): for readers; None while there are none
    cdef uint64_t began_at
    cdef uint64_t limit_bytes
    cdef size_t batch_bytes
    cdef readonly object takes           # deque of Take, by LSN: what has no write quorum yet
    cdef readonly list waits                      # of DurableWait, by LSN
    cdef readonly list room_waiters
    cdef list vdl_callbacks

    cpdef int flush(self) except -1
    # What is pending is sent for it; wait.passed is called at once when the VDL is there already.
    cdef int when_durable(self, uint64_t lsn, DurableWait wait) except -1
    cdef int add_wait(self, uint64_t lsn, DurableWait wait) except -1
    cdef int take_group(self, uint32_t group, Take take, list batches) except -1
    cdef int durable(self, object copy, object message) except -1
    cdef int advance(self) except -1
    cdef int vdl_moved(self) except -1
    cdef int tell(self, list waits, object error) except -1
    cdef int set_limit(self) except -1
    cdef int wake_room_waiters(self) except -1
