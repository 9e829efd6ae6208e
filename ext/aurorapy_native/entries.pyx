"""Entries of an index in memory, sorted: a batch of rows' keys before they go into a tree, or one run of an index
build.

    entries = EntryList()
    entries.append(b"\\x02\\x80\\x00\\x00\\x07", 65537)
    entries.sorted()          → [(b"\\x02…", 65537)]

A stable merge sort over 40-byte structs: the first nine bytes of a key stand in the struct, so the arena is rarely
looked at. Entries that come in order are left as they are.

Not here: more than fits into memory (entry_sort), the trees (btree, btree_build).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcmp, memcpy

from aurorapy_native.room cimport make_room

cdef enum:
    ARENA_FIRST = 65536
    STRETCH = 12         # entries sorted by insertion before stretches are merged


cdef class EntryList:
    def __dealloc__(self):
        free(self.arena)
        free(self.entries)
        free(self.spare)

    cdef int add(self, const char* key, uint32_t n, uint64_t tid, uint32_t number, uint8_t flags) except -1:
        cdef size_t size
        cdef Entry* more
        cdef Entry* entry
        make_room(&self.arena, &self.size, max(self.used + n, ARENA_FIRST))
        if self.count == self.capacity:
            size = max(2 * self.capacity, 1024)
            more = <Entry*> realloc(self.entries, size * sizeof(Entry))
            if more == NULL:
                raise MemoryError
            self.entries = more
            more = <Entry*> realloc(self.spare, size * sizeof(Entry))
            if more == NULL:
                raise MemoryError
            self.spare = more
            self.capacity = <int> size
        memcpy(self.arena + self.used, key, n)
        entry = &self.entries[self.count]
        entry.head = head_of(key, n)
        entry.tid = tid
        entry.at = self.used
        entry.number = number
        entry.length = <uint16_t> n
        entry.mark = <uint8_t> key[0] if n else 0
        entry.flags = flags
        self.used += n
        self.count += 1
        return 0

    cdef void clear(self) noexcept nogil:
        self.used = 0
        self.count = 0

    cdef bint before(self, const Entry* a, const Entry* b) noexcept nogil:
        cdef int c
        if a.mark != b.mark:
            return a.mark < b.mark
        if a.head != b.head:
            return a.head < b.head
        c = compare_tails(self.arena + a.at, a.length, self.arena + b.at, b.length)
        return c < 0 if c else a.tid < b.tid

    cdef bint same_key(self, int i, int j) noexcept nogil:
        cdef const Entry* a = &self.entries[i]
        cdef const Entry* b = &self.entries[j]
        return (a.length == b.length and a.head == b.head
                and memcmp(self.arena + a.at, self.arena + b.at, a.length) == 0)

    cdef void sort(self) noexcept nogil:
        cdef int n = self.count, i, j, width, low, middle, high, left, right, to
        cdef Entry* entries = self.entries
        cdef Entry* other = self.spare
        cdef Entry moved
        for i in range(1, n):
            if self.before(&entries[i], &entries[i - 1]):
                break
        else:
            return
        low = 0
        while low < n:
            high = min(low + STRETCH, n)
            for i in range(low + 1, high):
                moved = entries[i]
                j = i
                while j > low and self.before(&moved, &entries[j - 1]):
                    entries[j] = entries[j - 1]
                    j -= 1
                entries[j] = moved
            low = high
        width = STRETCH
        while width < n:
            low = 0
            while low < n:
                middle = min(low + width, n)
                high = min(middle + width, n)
                left, right, to = low, middle, low
                if middle == high or not self.before(&entries[middle], &entries[middle - 1]):
                    memcpy(&other[low], &entries[low], (high - low) * sizeof(Entry))
                else:
                    while left < middle and right < high:
                        if self.before(&entries[right], &entries[left]):
                            other[to] = entries[right]
                            right += 1
                        else:
                            other[to] = entries[left]
                            left += 1
                        to += 1
                    if left < middle:
                        memcpy(&other[to], &entries[left], (middle - left) * sizeof(Entry))
                    elif right < high:
                        memcpy(&other[to], &entries[right], (high - right) * sizeof(Entry))
                low = high
            entries, other = other, entries
            width *= 2
        self.entries = entries
        self.spare = other

    def append(self, bytes key not None, uint64_t tid):
        """Adds an entry. For tests."""
        self.add(PyBytes_AS_STRING(key), <uint32_t> PyBytes_GET_SIZE(key), tid, <uint32_t> self.count, 0)

    def sorted(self):
        """[(key, tid)] in the tree's order. For tests."""
        self.sort()
        return [(PyBytes_FromStringAndSize(self.arena + self.entries[i].at, self.entries[i].length),
                 self.entries[i].tid)
                for i in range(self.count)]
