"""Batches of the hot log: their header, and how a file is walked to the end of the log.

Batch, little-endian, begins on a multiple of 512 bytes so that it shares no sector with the one before:
   0 u32 magic
   4 u32 crc          CRC-32C of everything after this field: header and records
   8 u64 position     of this batch in the node's log; a batch of the file's former life has another
  16 u32 length       bytes of records
  20 u32 prev_crc     crc of the batch before: the chain
  24 u64 durable      position known durable when this was written
  32 u64 epoch number
  40 u64 epoch instance
  48 u64 vdl          the volume's, as the node had been told
  56 u32 group
  60 u32 copy         0; reserved
  64 u64 prev         the group's last LSN before the first record
  72 u64 last         LSN of the last record
  80 ... records, then zeroes to the next multiple of 512

    header = batch_header(position, prev_crc, durable, epoch, instance, vdl, group, prev, last, records)
    batches, end, crc = scan(file_bytes, base, 512, prev_crc)

Not here: what a break in the chain means (`storage/node/hotlog.py`), the file's own header.
"""
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from aurorapy_native.checksum cimport crc_of

HEADER_BYTES = 80
ALIGNMENT = 512
MAGIC = 0x48_4C_42_41

cdef enum:
    BATCH_MAGIC = 0x484C4241     # "ABLH"

cdef struct Header:
    uint32_t magic
    uint32_t crc
    uint64_t position
    uint32_t length
    uint32_t prev_crc
    uint64_t durable
    uint64_t epoch
    uint64_t instance
    uint64_t vdl
    uint32_t group
    uint32_t copy
    uint64_t prev
    uint64_t last


def batch_header(uint64_t position, uint32_t prev_crc, uint64_t durable, uint64_t epoch, uint64_t instance,
                 uint64_t vdl, uint32_t group, uint64_t prev, uint64_t last, bytes records not None):
    """The 80 bytes before `records`, checksum and all."""
    return header_of(position, &prev_crc, durable, epoch, instance, vdl, group, prev, last, records)


cdef bytes header_of(uint64_t position, uint32_t* chain, uint64_t durable, uint64_t epoch, uint64_t instance,
                     uint64_t vdl, uint32_t group, uint64_t prev, uint64_t last, bytes records):
    cdef Header head
    head.magic = BATCH_MAGIC
    head.position = position
    head.length = <uint32_t>PyBytes_GET_SIZE(records)
    head.prev_crc = chain[0]
    head.durable = durable
    head.epoch = epoch
    head.instance = instance
    head.vdl = vdl
    head.group = group
    head.copy = 0
    head.prev = prev
    head.last = last
    head.crc = crc_of(0, <const char*>&head + 8, HEADER - 8)
    head.crc = crc_of(head.crc, PyBytes_AS_STRING(records), head.length)
    chain[0] = head.crc
    return (<const char*>&head)[:HEADER]


cdef bint read_header(const char* data, size_t left, uint64_t position, Header* head) noexcept nogil:
    """A whole, undamaged batch that belongs at `position`?"""
    cdef uint32_t crc
    if left < HEADER:
        return False
    memcpy(head, data, HEADER)
    if head.magic != BATCH_MAGIC or head.position != position or head.length > left - HEADER:
        return False
    crc = crc_of(0, data + 8, HEADER - 8)
    return crc_of(crc, data + HEADER, head.length) == head.crc


def scan(const unsigned char[::1] data not None, uint64_t base, size_t start, uint32_t prev_crc):
    """Walks the batches of a log file from offset `start` while the chain holds.

    base: the log position of the file's first byte. Returns ([(position, records, durable, vdl, group, prev, last)],
    offset where the chain ends, crc of the last batch).
    """
    cdef size_t size = data.shape[0], at = start
    cdef const char* raw = <const char*>&data[0]
    cdef Header head
    cdef list out = []
    while at < size:
        if not read_header(raw + at, size - at, base + at, &head) or head.prev_crc != prev_crc:
            break
        out.append((head.position, (raw + at + HEADER)[:head.length], head.durable, head.vdl, head.group, head.prev,
                    head.last))
        prev_crc = head.crc
        at += (HEADER + head.length + ALIGNED - 1) // ALIGNED * ALIGNED
    return out, at, prev_crc


def chain_end(const unsigned char[::1] data not None, uint64_t base, size_t start, uint32_t prev_crc):
    """As scan, without the GIL and the batches: (offset where the chain ends, crc of the last batch)."""
    cdef size_t size = data.shape[0], at = start
    cdef const char* raw = <const char*>&data[0]
    cdef Header head
    with nogil:
        while at < size:
            if not read_header(raw + at, size - at, base + at, &head) or head.prev_crc != prev_crc:
                break
            prev_crc = head.crc
            at += (HEADER + head.length + ALIGNED - 1) // ALIGNED * ALIGNED
    return at, prev_crc


def sound_batches(const unsigned char[::1] data not None, uint64_t base, size_t start):
    """Every undamaged batch of this file's present life, whether the chain holds or not; as scan lists them."""
    cdef size_t size = data.shape[0], at = start
    cdef const char* raw = <const char*>&data[0]
    cdef Header head
    cdef list out = []
    while at < size:
        if read_header(raw + at, size - at, base + at, &head):
            out.append((head.position, (raw + at + HEADER)[:head.length], head.durable, head.vdl, head.group, head.prev,
                        head.last))
            at += (HEADER + head.length + ALIGNED - 1) // ALIGNED * ALIGNED
        else:
            at += ALIGNED
    return out


def find_later(const unsigned char[::1] data not None, uint64_t base, size_t start):
    """The highest `durable` of any undamaged batch of this file's present life at or after offset `start`, or 0."""
    cdef size_t size = data.shape[0], at = start
    cdef const char* raw = <const char*>&data[0]
    cdef Header head
    cdef uint64_t highest = 0
    while at < size:
        if read_header(raw + at, size - at, base + at, &head):
            if head.durable > highest:
                highest = head.durable
            at += (HEADER + head.length + ALIGNED - 1) // ALIGNED * ALIGNED
        else:
            at += ALIGNED
    return highest
