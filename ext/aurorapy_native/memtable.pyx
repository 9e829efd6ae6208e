"""Redo records that are in the hot log and in no sealed run yet, found by page.

    page 7  ──▶ lsn 900 ──▶ lsn 640 ──▶ lsn 512        newest first; each points into the batch it came with
    page 9  ──▶ lsn 880
    notes   ──▶ lsn 910 (page number 0xFFFFFFFF)

A batch is taken in whole or not at all: every record's checksum and its link to the group's record before are verified
first. The batch's bytes object is kept, not copied. Chains are in LSN order also when batches come out of order.

    table.ingest(batch.records, batch.prev)        # (last LSN, number of records); DataCorrupted leaves it unchanged
    table.apply(page_no, page, upto)               # brings a page image forward

Errors: DataCorrupted for a damaged, unlinked or out-of-order record.

Not here: files (`storage/node`), which LSNs are durable, which are annulled (the caller says `annul`).
"""
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, qsort, realloc
from libc.string cimport memcpy
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE

from aurorapy_native.checksum cimport crc_of
from aurorapy_native.redo cimport FLAG_CONSISTENCY_POINT, NO_PAGE, NOTE_FREED, RECORD_HEADER, apply_record

from aurorapy.errors import DataCorrupted

NOTES = 0xFFFFFFFF
INDEX_ENTRY = 32         # bytes of an entry of a delta run's index: u32 page, u32 records, u64 offset, first, last

cdef enum:
    NONE = 0             # entry numbers begin at 1


cdef struct Entry:
    const char* record
    uint32_t older       # entry number of the page's record before, NONE at the end
    bint annulled


cdef struct IndexEntry:  # of a delta run
    uint32_t page_no
    uint32_t count
    uint64_t offset
    uint64_t first
    uint64_t last


cdef inline uint32_t length_of(const char* record) noexcept nogil:
    cdef uint32_t v
    memcpy(&v, record, 4)
    return v


cdef inline uint64_t u64_at(const char* record, int offset) noexcept nogil:
    cdef uint64_t v
    memcpy(&v, record + offset, 8)
    return v


cdef inline uint64_t lsn_of(const char* record) noexcept nogil:
    return u64_at(record, 8)


cdef inline uint32_t page_of(const char* record) noexcept nogil:
    cdef uint32_t v
    memcpy(&v, record + 40, 4)
    return v


cdef uint32_t whole_record(const char* data, size_t left) noexcept nogil:
    """Length of the undamaged record at `data`, or 0."""
    cdef uint32_t length, crc
    if left < RECORD_HEADER:
        return 0
    memcpy(&length, data, 4)
    memcpy(&crc, data + 4, 4)
    if length < RECORD_HEADER or length > left or crc_of(0, data + 8, length - 8) != crc:
        return 0
    return length


cdef int compare_pages(const void* a, const void* b) noexcept nogil:
    cdef uint32_t x = (<const uint32_t*>a)[0], y = (<const uint32_t*>b)[0]
    return (x > y) - (x < y)


cdef int compare_records(const void* a, const void* b) noexcept nogil:
    cdef uint64_t x = lsn_of((<const char**>a)[0]), y = lsn_of((<const char**>b)[0])
    return (x > y) - (x < y)


cdef class Memtable:
    """Records of one segment from one hot log file."""
    cdef list blocks             # the batches' bytes, which the entries point into
    cdef Entry* entries
    cdef uint32_t n_entries      # used, entry 0 not among them
    cdef uint32_t size_entries
    cdef uint32_t* keys          # page numbers, open addressing
    cdef uint32_t* heads         # newest entry, NONE: the slot is empty
    cdef uint32_t mask
    cdef readonly uint32_t pages
    cdef readonly uint64_t bytes         # of records held
    cdef readonly uint64_t first         # lowest and highest LSN held, 0 when empty
    cdef readonly uint64_t last
    cdef uint32_t* order         # page numbers, sorted, made by freeze()
    cdef public list freed       # (LSN, payload) of notes of freed pages in what was ingested last

    def __cinit__(self):
        self.blocks = []
        self.size_entries = 64
        self.entries = <Entry*>malloc(self.size_entries * sizeof(Entry))
        self.mask = 63
        self.keys = <uint32_t*>calloc(self.mask + 1, 4)
        self.heads = <uint32_t*>calloc(self.mask + 1, 4)
        if self.entries == NULL or self.keys == NULL or self.heads == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.entries)
        free(self.keys)
        free(self.heads)
        free(self.order)

    # -- filling ------------------------------------------------------------------------------------------------------

    def ingest(self, bytes data not None, uint64_t prev):
        """Takes a batch in: (LSN of its last record, number of records). `prev`: the group's last LSN before it.

        DataCorrupted, and nothing taken, when a record is damaged or does not link to the one before.
        """
        cdef const char* start = PyBytes_AS_STRING(data)
        cdef size_t size = PyBytes_GET_SIZE(data), at = 0
        cdef uint32_t length, count = 0
        cdef uint64_t lsn = prev
        cdef list freed = None
        while at < size:
            length = whole_record(start + at, size - at)
            if length == 0:
                raise DataCorrupted(f"redo record is damaged at byte {at} of a batch of {size}")
            if u64_at(start + at, 24) != lsn or lsn_of(start + at) <= lsn:
                raise DataCorrupted(f"redo record {lsn_of(start + at)} follows {u64_at(start + at, 24)}, not {lsn}")
            lsn = lsn_of(start + at)
            if page_of(start + at) == NO_PAGE and <uint8_t> start[at + 44] == NOTE_FREED:
                if length == RECORD_HEADER or length % 8:
                    raise DataCorrupted(f"redo record {lsn} is malformed")
                freed = freed or []
                freed.append((lsn, start[at + RECORD_HEADER:at + length]))
            count += 1
            at += length
        self.freed = freed
        self.reserve(count)
        at = 0
        while at < size:
            self.link(start + at)
            at += length_of(start + at)
        self.blocks.append(data)
        self.bytes += size
        if count:
            if self.first == 0 or lsn_of(start) < self.first:
                self.first = lsn_of(start)
            if lsn > self.last:
                self.last = lsn
        return lsn, count

    cdef int reserve(self, uint32_t count) except -1:
        """Room for `count` more entries and as many new pages."""
        cdef uint32_t size = self.size_entries, slots = self.mask + 1, i, slot
        cdef Entry* entries
        cdef uint32_t* keys
        cdef uint32_t* heads
        while size < self.n_entries + count + 1:
            size *= 2
        if size != self.size_entries:
            entries = <Entry*>realloc(self.entries, size * sizeof(Entry))
            if entries == NULL:
                raise MemoryError
            self.entries, self.size_entries = entries, size
        while slots < 2 * (self.pages + count):
            slots *= 2
        if slots == self.mask + 1:
            return 0
        keys = <uint32_t*>calloc(slots, 4)
        heads = <uint32_t*>calloc(slots, 4)
        if keys == NULL or heads == NULL:
            free(keys)
            free(heads)
            raise MemoryError
        for i in range(self.mask + 1):
            if self.heads[i] != NONE:
                slot = (self.keys[i] * <uint32_t>2654435769 >> 7) & (slots - 1)
                while heads[slot] != NONE:
                    slot = (slot + 1) & (slots - 1)
                keys[slot], heads[slot] = self.keys[i], self.heads[i]
        free(self.keys)
        free(self.heads)
        self.keys, self.heads, self.mask = keys, heads, slots - 1
        return 0

    cdef uint32_t slot_of(self, uint32_t page_no) noexcept nogil:
        """The page's slot, or the empty one where it would go."""
        cdef uint32_t slot = (page_no * <uint32_t>2654435769 >> 7) & self.mask
        while self.heads[slot] != NONE and self.keys[slot] != page_no:
            slot = (slot + 1) & self.mask
        return slot

    cdef void link(self, const char* record) noexcept nogil:
        """Puts the record at its place in its page's chain. There is room."""
        cdef uint32_t slot = self.slot_of(page_of(record)), new, at, newer
        cdef uint64_t lsn = lsn_of(record)
        self.n_entries += 1
        new = self.n_entries
        self.entries[new].record = record
        self.entries[new].annulled = False
        at, newer = self.heads[slot], NONE
        if at == NONE:
            self.keys[slot] = page_of(record)
            self.pages += 1
        while at != NONE and lsn_of(self.entries[at].record) > lsn:
            newer, at = at, self.entries[at].older
        if at != NONE and lsn_of(self.entries[at].record) == lsn:      # here already, by a batch with other borders
            self.entries[at].annulled = False
            self.n_entries -= 1
            return
        self.entries[new].older = at
        if newer == NONE:
            self.heads[slot] = new
        else:
            self.entries[newer].older = new

    def annul(self, uint64_t low, uint64_t high):
        """Records with low < LSN <= high are as if they had never come. Returns the highest LSN left, 0 for none."""
        cdef uint32_t i
        cdef uint64_t lsn, last = 0
        for i in range(1, self.n_entries + 1):
            lsn = lsn_of(self.entries[i].record)
            if low < lsn <= high:
                self.entries[i].annulled = True
            elif not self.entries[i].annulled and lsn > last:
                last = lsn
        self.last = last
        return last

    # -- reading ------------------------------------------------------------------------------------------------------

    def apply(self, uint32_t page_no, bytearray page not None, uint64_t upto):
        """Applies the page's records up to LSN `upto` that the image (8,192 bytes) does not have yet; how many."""
        cdef uint32_t at = self.heads[self.slot_of(page_no)], count = 0, i
        cdef uint64_t lsn, have
        cdef Entry* entry
        cdef const char** chain
        cdef char* raw = page
        cdef int code = 0
        if at == NONE:
            return 0
        have = u64_at(raw, 0)
        i = at
        while i != NONE:
            lsn = lsn_of(self.entries[i].record)
            if lsn <= have:
                break
            if lsn <= upto and not self.entries[i].annulled:
                count += 1
            i = self.entries[i].older
        if count == 0:
            return 0
        chain = <const char**>malloc(count * sizeof(char*))
        if chain == NULL:
            raise MemoryError
        i = count
        while i and at != NONE:
            entry = &self.entries[at]
            lsn = lsn_of(entry.record)
            if lsn <= upto and not entry.annulled:
                i -= 1
                chain[i] = entry.record
                if u64_at(entry.record, 32) == 0:      # the page begins here: what is older does not matter
                    break
            at = entry.older
        at = i
        while i < count:
            code = apply_record(raw, chain[i], length_of(chain[i]))
            if code < 0:
                break
            i += 1
        if code < 0:
            lsn = lsn_of(chain[i])
            free(chain)
            raise refusal(page_no, lsn, u64_at(raw, 0), code)
        free(chain)
        return count - at

    def newest(self, uint32_t page_no):
        """LSN of the page's newest record, 0 when there is none."""
        cdef uint32_t at = self.heads[self.slot_of(page_no)]
        while at != NONE and self.entries[at].annulled:
            at = self.entries[at].older
        return 0 if at == NONE else lsn_of(self.entries[at].record)

    cdef const char** sorted_records(self, uint64_t after, uint64_t upto, uint32_t* count) except NULL:
        """All records in (after, upto] by LSN; the caller frees the array."""
        cdef const char** found = <const char**>malloc((self.n_entries + 1) * sizeof(char*))
        cdef uint32_t i, n = 0
        cdef uint64_t lsn
        if found == NULL:
            raise MemoryError
        for i in range(1, self.n_entries + 1):
            lsn = lsn_of(self.entries[i].record)
            if after < lsn <= upto and not self.entries[i].annulled:
                found[n] = self.entries[i].record
                n += 1
        qsort(found, n, sizeof(char*), compare_records)
        count[0] = n
        return found

    def links(self, uint64_t after):
        """[(lsn, prev_volume, prev_group, is consistency point)] of the records above `after`, by LSN."""
        cdef uint32_t n, i
        cdef const char** found = self.sorted_records(after, <uint64_t>-1, &n)
        cdef list out = []
        for i in range(n):
            out.append((lsn_of(found[i]), u64_at(found[i], 16), u64_at(found[i], 24),
                        (<uint8_t>found[i][45] & FLAG_CONSISTENCY_POINT) != 0))
        free(found)
        return out

    def records(self, uint64_t after, uint64_t upto):
        """The bytes of all records in (after, upto], by LSN."""
        cdef uint32_t n, i
        cdef const char** found = self.sorted_records(after, upto, &n)
        cdef size_t size = 0
        cdef char* to
        for i in range(n):
            size += length_of(found[i])
        cdef bytes out = PyBytes_FromStringAndSize(NULL, size)
        to = PyBytes_AS_STRING(out)
        for i in range(n):
            memcpy(to, found[i], length_of(found[i]))
            to += length_of(found[i])
        free(found)
        return out

    # -- sealing ------------------------------------------------------------------------------------------------------

    def freeze(self):
        """Sorts the page numbers, before export(); nothing is ingested from here on. Returns how many there are."""
        cdef uint32_t slot, n = 0
        free(self.order)
        self.order = <uint32_t*>malloc((self.pages + 1) * 4)
        if self.order == NULL:
            raise MemoryError
        with nogil:
            for slot in range(self.mask + 1):
                if self.heads[slot] != NONE:
                    self.order[n] = self.keys[slot]
                    n += 1
            qsort(self.order, n, 4, compare_pages)
        return n

    def export(self, uint32_t start, size_t bytes_max, uint64_t offset, uint32_t long_chain=0xFFFFFFFF):
        """The next pages' records for a delta run: (data, index entries, number of the next page to export, pages with
        more than `long_chain` records as u32s).

        From the `start`-th page on, at least one page, then as many as fit `bytes_max`. `offset`: of `data` in the
        file.
        """
        cdef size_t size = 0, used
        cdef uint32_t number, end = start, pages = 0, long_pages = 0
        cdef IndexEntry entry
        cdef bytes data, index, longest
        cdef char* to
        cdef char* entry_to
        cdef char* long_to
        with nogil:
            while end < self.pages:
                used = self.chain_bytes(self.order[end], &entry)
                if size and size + used > bytes_max:
                    break
                size += used
                pages += 1 if entry.count else 0
                long_pages += entry.count > long_chain and entry.page_no != NO_PAGE
                end += 1
        data = PyBytes_FromStringAndSize(NULL, size)
        index = PyBytes_FromStringAndSize(NULL, pages * sizeof(IndexEntry))
        longest = PyBytes_FromStringAndSize(NULL, long_pages * 4)
        to, entry_to, long_to = PyBytes_AS_STRING(data), PyBytes_AS_STRING(index), PyBytes_AS_STRING(longest)
        with nogil:
            size = 0
            for number in range(start, end):
                used = self.chain_bytes(self.order[number], &entry)
                if entry.count == 0:
                    continue
                self.chain_copy(self.order[number], to + size + used)
                entry.offset = offset + size
                memcpy(entry_to, &entry, sizeof(IndexEntry))
                entry_to += sizeof(IndexEntry)
                size += used
                if entry.count > long_chain and entry.page_no != NO_PAGE:
                    memcpy(long_to, &entry.page_no, 4)
                    long_to += 4
        return data, index, end, longest

    cdef size_t chain_bytes(self, uint32_t page_no, IndexEntry* out) noexcept nogil:
        cdef uint32_t at = self.heads[self.slot_of(page_no)]
        cdef size_t size = 0
        out.page_no, out.count, out.first, out.last = page_no, 0, 0, 0
        while at != NONE:
            if not self.entries[at].annulled:
                size += length_of(self.entries[at].record)
                out.count += 1
                out.first = lsn_of(self.entries[at].record)
                if out.last == 0:
                    out.last = out.first
            at = self.entries[at].older
        return size

    cdef void chain_copy(self, uint32_t page_no, char* end) noexcept nogil:
        """Copies the page's records so that the newest ends at `end`."""
        cdef uint32_t at = self.heads[self.slot_of(page_no)], length
        while at != NONE:
            if not self.entries[at].annulled:
                length = length_of(self.entries[at].record)
                end -= length
                memcpy(end, self.entries[at].record, length)
            at = self.entries[at].older


def linked_records(list parts not None, uint64_t after, uint64_t upto, size_t bytes_max):
    """Of the records in `parts`, in any order and perhaps twice, those that follow `after` without a gap, up to LSN
    `upto`: (their bytes by LSN, LSN of the last one, `after` when there is none). At least one record, then as many as
    fit `bytes_max`.

    DataCorrupted when a part holds a damaged record.
    """
    cdef size_t count = 0, size = 0, total = 0, left
    cdef bytes part, out
    cdef const char* p
    cdef const char** found = NULL
    cdef uint32_t length, i, n = 0
    cdef uint64_t at = after
    cdef char* to
    for part in parts:
        total += <size_t> PyBytes_GET_SIZE(part) // RECORD_HEADER
    found = <const char**> malloc((total + 1) * sizeof(char*))
    if found == NULL:
        raise MemoryError
    try:
        for part in parts:
            p, left = PyBytes_AS_STRING(part), PyBytes_GET_SIZE(part)
            while left:
                length = whole_record(p, left)
                if length == 0:
                    raise DataCorrupted("a redo record is damaged")
                if after < lsn_of(p) <= upto:
                    found[count] = p
                    count += 1
                p += length
                left -= length
        qsort(found, count, sizeof(char*), compare_records)
        total = 0
        for i in range(count):
            if lsn_of(found[i]) == at:
                continue
            if u64_at(found[i], 24) != at or (n and size + length_of(found[i]) > bytes_max):
                break
            at = lsn_of(found[i])
            size += length_of(found[i])
            found[n] = found[i]
            n += 1
        out = PyBytes_FromStringAndSize(NULL, size)
        to = PyBytes_AS_STRING(out)
        for i in range(n):
            memcpy(to, found[i], length_of(found[i]))
            to += length_of(found[i])
        return out, at
    finally:
        free(found)


cdef object refusal(uint32_t page_no, uint64_t lsn, uint64_t at, int code):
    if code == -1:
        return DataCorrupted(f"redo record {lsn} of page {page_no} is out of order: the page is at {at}")
    return DataCorrupted(f"redo record {lsn} of page {page_no} is malformed")


def apply_records(bytearray page not None, bytes data not None, uint64_t upto):
    """Applies one page's records, ascending as in a delta run, up to LSN `upto`; how many were new to the image.

    DataCorrupted when one is damaged, of another page than the first, or out of order.
    """
    cdef const char* p = PyBytes_AS_STRING(data)
    cdef size_t left = PyBytes_GET_SIZE(data)
    cdef char* raw = page
    cdef uint32_t length, page_no, applied = 0
    cdef int code
    if len(page) != 8192:
        raise ValueError("a page is 8192 bytes")
    page_no = page_of(p) if left >= RECORD_HEADER else 0
    while left:
        length = whole_record(p, left)
        if length == 0 or page_of(p) != page_no:
            raise DataCorrupted(f"redo record of page {page_no} is damaged")
        if lsn_of(p) > upto:
            break
        code = apply_record(raw, p, length)
        if code < 0:
            raise refusal(page_no, lsn_of(p), u64_at(raw, 0), code)
        if code == 0:
            applied += 1
        p += length
        left -= length
    return applied
