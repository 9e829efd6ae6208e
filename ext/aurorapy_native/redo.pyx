"""Redo records: how they are applied, read back, and kept until a batch takes them.

A record is a list of byte-range changes to one page (the layout is drawn in redo.pxd). Storage applies it without
knowing a heap page from a B-tree page:

    page = bytearray(8192)
    for lsn, record in records(log_bytes):        # cut a batch into records, every CRC checked
        apply(page, record)                       # APPLIED, or PRESENT when the page is already there
    decode(log_bytes)                             # the same as tuples, for dumps and tests

Applying is idempotent and refuses disorder: a page past the record's LSN stays as it is, a page that is not where the
record says it was (`prev_page`) raises DataCorrupted. A record with prev_page 0 begins the page anew from all zero, so
an extent can be used again without reading what was in it.

`RedoBuffer` hands out LSNs. The order of records in the log is the order of append(); a mini-transaction appends all of
its records in one go and flags the last. Errors: NoLogRoom (a Retry) from need_room; DataCorrupted from parsing.

Not here: who sends batches and when (storage/volume), what the bytes mean (heap, btree, ...).
"""
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memmove, memset

from aurorapy_native.checksum cimport crc_of

from collections import namedtuple

from aurorapy.errors import DataCorrupted
from aurorapy_native.retry import NoLogRoom

APPLIED = 0
PRESENT = 1
PAGE_NONE = 0xFFFFFFFF

NOTE_NAMES = {
    NOTE_COMMIT: "commit", NOTE_INVALIDATE: "invalidate", NOTE_DROPPED: "dropped",
    NOTE_PRUNE_HORIZON: "prune-horizon", NOTE_ROW: "row", NOTE_ABORT: "abort",
    NOTE_INCOMPLETE: "incomplete", NOTE_FREED: "freed",
}

Record = namedtuple("Record", "lsn prev_volume prev_group prev_page page_no kind flags changes payload")
Record.__doc__ = """One decoded record. `changes` is a list of tuples for a page: ("write", offset, bytes),
("move", offset, length, source), ("fill", offset, length, byte), ("whole", lower, upper, bytes); `payload` is a note's
bytes."""

cdef inline uint16_t u16(const char* p) noexcept nogil:
    cdef uint16_t v
    memcpy(&v, p, 2)
    return v


cdef int apply_changes(char* page, const char* p, const char* end, uint32_t count) noexcept nogil:
    """Applies when `page` is given, else only checks that every change is well formed. 0 or -2."""
    cdef uint32_t op, offset, length, source, lower, upper
    while count:
        count -= 1
        if end - p < CHANGE_HEADER:
            return -2
        op = <uint8_t> p[0]
        offset = u16(p + 2)
        length = u16(p + 4)
        p += CHANGE_HEADER
        if op == OP_WHOLE:
            if end - p < 4:
                return -2
            lower = u16(p)
            upper = u16(p + 2)
            p += 4
            if lower < 32 or upper < lower or upper > 8192 or length != lower + 8192 - upper or end - p < length:
                return -2
            if page:
                memcpy(page + PAGE_PROTECTED, p + PAGE_PROTECTED, lower - PAGE_PROTECTED)
                memset(page + lower, 0, upper - lower)
                memcpy(page + upper, p + lower, 8192 - upper)
            p += length
            continue
        if offset < PAGE_PROTECTED or offset + length > 8192:
            return -2
        if op == OP_WRITE:
            if end - p < length:
                return -2
            if page:
                memcpy(page + offset, p, length)
            p += length
        elif op == OP_MOVE:
            if end - p < 2:
                return -2
            source = u16(p)
            if source + length > 8192:
                return -2
            if page:
                memmove(page + offset, page + source, length)
            p += 2
        elif op == OP_FILL:
            if end - p < 1:
                return -2
            if page:
                memset(page + offset, <uint8_t> p[0], length)
            p += 1
        else:
            return -2
    return 0 if p == end else -2


cdef int apply_record(char* page, const char* record, uint32_t length) noexcept nogil:
    cdef Header head
    cdef uint64_t at
    if length < RECORD_HEADER:
        return -2
    memcpy(&head, record, RECORD_HEADER)
    if head.length != length or head.kind != RECORD_PAGE:
        return -2
    memcpy(&at, page, 8)
    if at >= head.lsn:
        return 1
    if head.prev_page != 0 and at != head.prev_page:
        return -1
    # Checked whole before the first byte changes: a malformed record leaves the page as it was.
    if apply_changes(NULL, record + RECORD_HEADER, record + length, head.changes) != 0:
        return -2
    if head.prev_page == 0 and at != 0:
        memset(page, 0, 8192)
    apply_changes(page, record + RECORD_HEADER, record + length, head.changes)
    memcpy(page, &head.lsn, 8)
    memset(page + 8, 0, 4)
    return 0


cdef uint32_t record_at(const char* data, size_t left) noexcept nogil:
    cdef uint32_t length, crc
    if left < RECORD_HEADER:
        return 0
    memcpy(&length, data, 4)
    memcpy(&crc, data + 4, 4)
    if length < RECORD_HEADER or length > left or crc_of(0, data + 8, length - 8) != crc:
        return 0
    return length


def apply(bytearray page not None, const unsigned char[::1] record not None):
    """Applies one record to a page of 8,192 bytes in place: APPLIED (0), or PRESENT (1) when the page is at or past it.

    DataCorrupted when the record is damaged, malformed, or not the next one of this page; the page is then
    unchanged."""
    cdef char* raw = page
    if len(page) != 8192:
        raise ValueError("a page is 8192 bytes")
    if record.shape[0] == 0 or record_at(<const char*> &record[0], record.shape[0]) != record.shape[0]:
        raise DataCorrupted("redo record is damaged: checksum does not match")
    cdef int code = apply_record(raw, <const char*> &record[0], <uint32_t> record.shape[0])
    if code >= 0:
        return code
    cdef Header head
    memcpy(&head, &record[0], RECORD_HEADER)
    if code == -1:
        raise DataCorrupted(f"redo record {head.lsn} of page {head.page_no} is out of order: "
                            f"page at {int.from_bytes(page[:8], 'little')}, record follows {head.prev_page}")
    raise DataCorrupted(f"redo record {head.lsn} is malformed")


def records(data):
    """The records of a batch as [(lsn, bytes)], every checksum verified. DataCorrupted at the first damaged one."""
    cdef const unsigned char[::1] view = data
    cdef size_t at = 0, size = view.shape[0]
    cdef uint32_t length
    cdef uint64_t lsn
    cdef list out = []
    while at < size:
        length = record_at(<const char*> &view[at], size - at)
        if length == 0:
            raise DataCorrupted(f"redo record is damaged at byte {at} of {size}")
        memcpy(&lsn, &view[at + 8], 8)
        out.append((lsn, (<const char*> &view[at])[:length]))
        at += length
    return out


def valid_prefix(const unsigned char[::1] data not None):
    """Number of leading bytes that are whole, undamaged records."""
    cdef size_t at = 0, size = data.shape[0]
    cdef uint32_t length
    while at < size:
        length = record_at(<const char*> &data[at], size - at)
        if length == 0:
            break
        at += length
    return at


def index(data):
    """What storage needs of a batch without unpacking it: [(lsn, page_no, offset, length, prev_page, prev_volume,
    prev_group, kind, flags)], every checksum verified. DataCorrupted at the first damaged record."""
    cdef const unsigned char[::1] view = data
    cdef size_t at = 0, size = view.shape[0]
    cdef uint32_t length
    cdef Header head
    cdef list out = []
    while at < size:
        length = record_at(<const char*> &view[at], size - at)
        if length == 0:
            raise DataCorrupted(f"redo record is damaged at byte {at} of {size}")
        memcpy(&head, &view[at], RECORD_HEADER)
        out.append((head.lsn, head.page_no, at, length, head.prev_page, head.prev_volume, head.prev_group,
                    head.kind, head.flags))
        at += length
    return out


def build_page(bytes base not None, list chain not None):
    """A page image (8,192 bytes) with the records of `chain` applied in order; those already in it are skipped."""
    cdef bytearray page = bytearray(base)
    cdef char* raw = page
    cdef bytes record
    cdef int code
    if len(page) != 8192:
        raise ValueError("a page is 8192 bytes")
    for record in chain:
        code = apply_record(raw, record, <uint32_t> len(record))
        if code < 0:
            apply(page, record)
            raise DataCorrupted("redo record cannot be applied")
    return bytes(page)


def decode_changes(body, int count):
    """The changes of one page record (its bytes after the header) as Record.changes. DataCorrupted when malformed."""
    cdef bytes raw = bytes(body)
    cdef const char* p = raw
    cdef const char* end = p + len(raw)
    cdef list out = []
    cdef uint32_t op, offset, length, lower, upper
    if apply_changes(NULL, p, end, count) != 0:
        raise DataCorrupted("redo record is malformed")
    for _ in range(count):
        op = <uint8_t> p[0]
        offset = u16(p + 2)
        length = u16(p + 4)
        p += CHANGE_HEADER
        if op == OP_WRITE:
            out.append(("write", offset, p[:length]))
            p += length
        elif op == OP_MOVE:
            out.append(("move", offset, length, u16(p)))
            p += 2
        elif op == OP_FILL:
            out.append(("fill", offset, length, <uint8_t> p[0]))
            p += 1
        else:
            lower = u16(p)
            upper = u16(p + 2)
            out.append(("whole", lower, upper, p[4:4 + length]))
            p += 4 + length
    return out


def decode(data):
    """The records of a batch as a list of Record. DataCorrupted at the first damaged or malformed one."""
    cdef Header head
    cdef list out = []
    for _, raw in records(data):
        memcpy(&head, <const char*> (<bytes> raw), RECORD_HEADER)
        body = raw[RECORD_HEADER:]
        page_record = head.kind == RECORD_PAGE
        out.append(Record(head.lsn, head.prev_volume, head.prev_group, head.prev_page, head.page_no, head.kind,
                          head.flags, decode_changes(body, head.changes) if page_record else [],
                          b"" if page_record else body))
    return out


def encode(lsn, page_no, changes, *, prev_volume=0, prev_group=0, prev_page=0, kind=RECORD_PAGE, flags=0, payload=b""):
    """The bytes of one record from the parts of a Record: for tests and tools, not for the writer's path."""
    cdef bytearray body = bytearray(payload)
    for change in changes:
        name = change[0]
        if name == "write":
            body += bytes((OP_WRITE, 0)) + change[1].to_bytes(2, "little")
            body += len(change[2]).to_bytes(2, "little") + change[2]
        elif name == "whole":
            body += bytes((OP_WHOLE, 0, 0, 0)) + len(change[3]).to_bytes(2, "little")
            body += change[1].to_bytes(2, "little") + change[2].to_bytes(2, "little") + change[3]
        else:
            op, width = (OP_MOVE, 2) if name == "move" else (OP_FILL, 1)
            body += bytes((op, 0)) + change[1].to_bytes(2, "little") + change[2].to_bytes(2, "little")
            body += change[3].to_bytes(width, "little")
    cdef Header head
    head.length = RECORD_HEADER + len(body)
    head.lsn = lsn
    head.prev_volume = prev_volume
    head.prev_group = prev_group
    head.prev_page = prev_page
    head.page_no = page_no
    head.kind = kind
    head.flags = flags
    head.changes = len(changes)
    cdef bytearray out = bytearray((<char*> &head)[:RECORD_HEADER]) + body
    cdef char* raw = out
    head.crc = crc_of(0, raw + 8, head.length - 8)
    memcpy(raw + 4, &head.crc, 4)
    return bytes(out)


cdef size_t whole_records(const char* buffer, size_t start, size_t limit, uint64_t* last) noexcept nogil:
    """Where the records from `start` end that lie below `limit`, the first in any case; the LSN of the last of them."""
    cdef size_t at = start
    cdef uint32_t length
    while True:
        memcpy(&length, buffer + at, 4)
        if at > start and at + length > limit:
            return at
        memcpy(last, buffer + at + 8, 8)
        at += length
        if at >= limit:
            return at


cdef class RedoBuffer:
    def __cinit__(self, uint32_t group_pages=131072, uint64_t last_lsn=0, uint64_t position=0, group_last=None):
        self.group_pages = group_pages
        self.last_lsn = last_lsn
        self.last_consistency_point = last_lsn
        self.position = position if position > last_lsn else last_lsn
        self.limit_lsn = self.position + (64 << 20)
        self.grow(0)
        for group, lsn in dict(group_last or {}).items():
            self.grow(group)
            self.group_last[<uint32_t> group] = self.group_sent[<uint32_t> group] = lsn

    def __init__(self, group_pages=131072, last_lsn=0, position=0, group_last=None):
        """`group_pages`: pages a protection group. After a recovery `last_lsn` is the VDL, `position` the first place
        above the truncated range, `group_last` {group: its last LSN at or below the VDL}."""

    def __dealloc__(self):
        cdef uint32_t g
        for g in range(self.groups):
            free(self.group_buffer[g])
        free(self.group_buffer)
        free(self.group_last)
        free(self.group_sent)
        free(self.group_used)
        free(self.group_taken)
        free(self.group_size)

    cdef int grow(self, uint32_t group) except -1:
        """Makes room in the tables for `group`."""
        cdef uint32_t old = self.groups, g
        if group < old:
            return 0
        self.group_last = <uint64_t*> realloc(self.group_last, (group + 1) * sizeof(uint64_t))
        self.group_sent = <uint64_t*> realloc(self.group_sent, (group + 1) * sizeof(uint64_t))
        self.group_used = <size_t*> realloc(self.group_used, (group + 1) * sizeof(size_t))
        self.group_taken = <size_t*> realloc(self.group_taken, (group + 1) * sizeof(size_t))
        self.group_size = <size_t*> realloc(self.group_size, (group + 1) * sizeof(size_t))
        self.group_buffer = <char**> realloc(self.group_buffer, (group + 1) * sizeof(char*))
        if not (self.group_last and self.group_sent and self.group_used and self.group_taken and self.group_size
                and self.group_buffer):
            raise MemoryError
        for g in range(old, group + 1):
            self.group_last[g] = self.group_sent[g] = 0
            self.group_used[g] = self.group_taken[g] = self.group_size[g] = 0
            self.group_buffer[g] = NULL
        self.groups = group + 1
        return 0

    cdef char* reserve(self, uint32_t group, size_t n) except NULL:
        """Where the next n bytes of the group go; the caller fills all of them."""
        cdef size_t used = self.group_used[group], size = self.group_size[group]
        cdef char* buffer
        if used + n > size:
            size = size * 2 if size else 65536
            while used + n > size:
                size *= 2
            buffer = <char*> realloc(self.group_buffer[group], size)
            if buffer == NULL:
                raise MemoryError
            self.group_buffer[group] = buffer
            self.group_size[group] = size
        self.group_used[group] = used + n
        return self.group_buffer[group] + used

    cdef int need_room(self, uint32_t n) except -1:
        if self.position + n > self.limit_lsn:
            raise NoLogRoom(self)
        return 0

    cdef uint64_t append(self, uint32_t page_no, uint8_t kind, uint8_t flags, uint16_t changes, uint64_t prev_page,
                         const char* body, uint32_t body_length) except 0:
        cdef uint32_t group = group_of(page_no, kind, body, body_length, self.group_pages)
        cdef Header head
        if group >= self.groups:
            self.grow(group)
        head.length = RECORD_HEADER + body_length
        cdef char* to = self.reserve(group, head.length)
        head.lsn = self.position + head.length
        head.prev_volume = self.last_lsn
        head.prev_group = self.group_last[group]
        head.prev_page = prev_page
        head.page_no = page_no
        head.kind = kind
        head.flags = flags
        head.changes = changes
        head.crc = 0
        memcpy(to, &head, RECORD_HEADER)
        memcpy(to + RECORD_HEADER, body, body_length)
        head.crc = crc_of(0, to + 8, head.length - 8)
        memcpy(to + 4, &head.crc, 4)
        self.position = self.last_lsn = self.group_last[group] = head.lsn
        if flags & FLAG_CONSISTENCY_POINT:
            self.last_consistency_point = head.lsn
        self.records += 1
        self.pending_bytes += head.length
        if self.pending_bytes == head.length and self.on_pending is not None:
            self.on_pending()
        return head.lsn

    def take(self, uint32_t group, size_t bytes_max=0):
        """What is pending of a protection group: (LSN of the group's record before the batch, LSN of the batch's last
        record, the records' bytes), or None when there is nothing. With `bytes_max` no more than that, but for a longer
        single record; call again for the rest. Never cuts a mini-transaction when all is taken: call it in the loop."""
        cdef uint64_t before, last
        cdef size_t start, stop
        cdef char* buffer
        cdef bytes data
        if group >= self.groups or self.group_used[group] == 0:
            return None
        before = self.group_sent[group]
        start = self.group_taken[group]
        stop = self.group_used[group]
        buffer = self.group_buffer[group]
        last = self.group_last[group]
        if bytes_max and stop - start > bytes_max:
            stop = whole_records(buffer, start, start + bytes_max, &last)
        data = buffer[start:stop]
        self.pending_bytes -= stop - start
        self.group_sent[group] = last
        self.group_taken[group] = stop
        if stop == self.group_used[group]:
            self.group_used[group] = self.group_taken[group] = 0
            if self.group_size[group] > 4 << 20:      # a bulk load's buffer is given back
                free(buffer)
                self.group_buffer[group] = NULL
                self.group_size[group] = 0
        return before, last, data

    def pending_groups(self):
        """Protection groups that have something to take, ascending."""
        return [g for g in range(self.groups) if self.group_used[g]]

    def last_of_group(self, uint32_t group):
        """LSN of the group's last record, 0 when it has none."""
        return self.group_last[group] if group < self.groups else 0

    def log_page(self, uint32_t page_no, uint64_t prev_page, list changes, bint consistency_point=True):
        """Appends one record made of decode()'s change tuples; for tests and tools. Returns its LSN."""
        cdef bytes raw = encode(0, page_no, changes)
        return self.append(page_no, RECORD_PAGE, FLAG_CONSISTENCY_POINT if consistency_point else 0,
                           <uint16_t> len(changes), prev_page, (<const char*> raw) + RECORD_HEADER,
                           <uint32_t> (len(raw) - RECORD_HEADER))

    def log_note(self, uint8_t kind, bytes payload not None, bint consistency_point=True):
        """Appends one note; for tests and tools. Returns its LSN."""
        return self.append(NO_PAGE, kind, FLAG_CONSISTENCY_POINT if consistency_point else 0, 0, 0, payload,
                           <uint32_t> len(payload))

    def restart(self, uint64_t last_lsn, uint64_t position, dict group_last not None):
        """Goes on where a recovery ended, as a new buffer would: a reader becomes the writer. Nothing is pending."""
        cdef uint32_t g
        self.last_lsn = self.last_consistency_point = last_lsn
        self.position = max(position, last_lsn)
        for g in range(self.groups):
            self.group_last[g] = self.group_sent[g] = 0
        for group, lsn in group_last.items():
            self.grow(group)
            self.group_last[<uint32_t> group] = self.group_sent[<uint32_t> group] = lsn

    def require_room(self, uint32_t n):
        """Raises NoLogRoom unless n more bytes fit below limit_lsn."""
        self.need_room(n)
