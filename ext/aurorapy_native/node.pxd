# A batch's way through a storage node: segment, hot log, node.
from libc.stdint cimport uint32_t, uint64_t

cdef class Table:
    """The memtable of one hot log file."""
    cdef readonly object memtable
    cdef readonly uint64_t file          # its number
    cdef public bint is_sealing          # it is being cut into a run, and takes nothing more

cdef class SegmentCore:
    """How far one copy of a protection group is."""
    cdef readonly uint64_t group
    cdef public str copy                 # its name in the geometry
    cdef public object epoch
    cdef public object truncations
    cdef public uint64_t vdl             # the volume's, highest told
    cdef public uint64_t last            # last record in memory without a gap
    cdef public uint64_t scl             # the same, durable
    cdef public dict ahead               # prev -> last of batches behind a gap, in memory
    cdef public dict ahead_durable
    cdef public list tables              # of Table, oldest first; the last one is filled

    cpdef bint holds(self, uint64_t prev, uint64_t last) except -1
    cpdef int ingest(self, uint64_t file, uint64_t prev, uint64_t last, bytes records) except -1
    cpdef bint became_durable(self, uint64_t prev, uint64_t last) except -1

cdef class LogCore:
    """Where the hot log's next batch goes."""
    cdef readonly uint64_t file_bytes
    cdef public uint64_t number          # of the current file
    cdef public uint64_t position        # where the next batch goes
    cdef public uint64_t durable         # everything below is on disk
    cdef public uint64_t base            # position of the current file's first byte
    cdef public uint32_t crc             # of the last batch
    cdef public object file              # the current file's LogFile
    cdef public object spare             # path of a prepared file
    cdef public object failed            # OSError

    cpdef bint reserve(self, uint64_t count) except -1
    cpdef uint64_t append(self, object epoch, uint64_t vdl, uint64_t group, uint64_t prev, uint64_t last,
                          bytes records) except? 0
    cpdef bint needs_spare(self) except -1

cdef class NodeCore:
    """What a node needs for a batch."""
    cdef public dict segments            # by group
    cdef public LogCore log
    cdef public object waiting           # deque: batches the log had no room for
    cdef public object in_flight         # deque of (position, segment, prev, last), by position
    cdef public object send
    cdef public object gossip
    cdef public object background
    cdef public object epochs

    cpdef int accept(self, SegmentCore segment, batch) except -1
    cpdef bint _append(self, SegmentCore segment, message) except -1
