"""Scans of a B-tree: the tids of a key range in either direction, a leaf's matches at a time.

    scan = tree.scan(lower, upper)          # byte strings from keys.KeyCodec, or None
    while (tids := scan.next()) is not None: ...

A range is the half-open interval [start, end) of (key, tid) pairs; inclusive and exclusive bounds differ only in the
tid they put beside the key. Between steps a scan holds keys and no page: forwards it goes on at the high key of the
leaf it has read, backwards below the leaf's lower bound, each time from the root. So it may switch, wait and see splits
and deletions in between, and finds every entry that was there all the time exactly once.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint32_t, uint64_t, int32_t

from aurorapy_native.btree cimport BTree, Path, TID_AFTER_ALL
from aurorapy_native.btree_page cimport *

from aurorapy_native.retry import Retry


cdef class Scan:
    """Cursor over a key range; next() gives the tids of one leaf after the other."""

    def __cinit__(self, BTree tree not None, bytes lower, bytes upper, bint lower_inclusive, bint upper_inclusive,
                  bint backward):
        self.tree = tree
        self.backward = backward
        self.done = False
        self.start_key = lower if lower is not None else b""
        self.start_tid = 0 if lower is None or lower_inclusive else TID_AFTER_ALL
        self.end_key = upper
        self.end_tid = TID_AFTER_ALL if upper_inclusive else 0

    def next(self, uint32_t limit=0):
        """The next tids in order, at most `limit` (0: as many as the leaf has); None at the end."""
        while True:
            try:
                if self.step(limit, None) == 0:
                    return None
                return [self.tids[i] for i in range(self.count)]
            except Retry as retry:
                retry.wait()

    def next_entries(self, uint32_t limit=0):
        """The next (key, tid) pairs; None at the end. For checks and tests."""
        cdef list keys = []
        while True:
            try:
                if self.step(limit, keys) == 0:
                    return None
                return [(key, self.tids[i]) for i, key in enumerate(keys)]
            except Retry as retry:
                keys.clear()
                retry.wait()

    def __iter__(self):
        return self

    def __next__(self):
        found = self.next()
        if found is None:
            raise StopIteration
        return found

    cdef int step(self, uint32_t limit, list keys) except -1:
        self.count = 0
        if limit == 0 or limit > LEAF_ENTRIES_MAX:
            limit = LEAF_ENTRIES_MAX
        while self.count == 0 and not self.done:
            if self.tree.storage.blocks == 0:
                self.done = True
            elif self.backward:
                self.step_backward(limit, keys)
            else:
                self.step_forward(limit, keys)
        return self.count

    cdef void take(self, const char* page, int index, list keys) except *:
        cdef const char* entry = entry_at(page, index)
        self.tids[self.count] = get_tid(entry)
        self.count += 1
        if keys is not None:
            keys.append(PyBytes_FromStringAndSize(entry + 6, entry_length(page, index) - 6))

    cdef int end_index(self, const char* page) noexcept:
        # First index of the leaf at or beyond the end.
        if self.end_key is None:
            return page_count(page)
        return search_page(page, first_entry(page), page_count(page), PyBytes_AS_STRING(self.end_key),
                           PyBytes_GET_SIZE(self.end_key), self.end_tid, False)

    cdef int step_forward(self, uint32_t limit, list keys) except -1:
        cdef const char* key = PyBytes_AS_STRING(self.start_key)
        cdef uint32_t n = PyBytes_GET_SIZE(self.start_key)
        cdef int32_t frame = self.tree.find_leaf(key, n, self.start_tid)
        cdef char* page = self.tree.pool.at(frame)
        cdef int count = page_count(page)
        cdef int index = search_page(page, first_entry(page), count, key, n, self.start_tid, False)
        cdef int stop = self.end_index(page)
        cdef int last = min(stop, index + <int>limit)
        cdef const char* entry
        self.leaf = frame
        while index < last:
            self.take(page, index, keys)
            index += 1
        if index < stop:             # the limit: go on after the last one taken
            entry = entry_at(page, index - 1)
            self.start_key = PyBytes_FromStringAndSize(entry + 6, entry_length(page, index - 1) - 6)
            self.start_tid = get_tid(entry) + 1
        elif stop < count or special(page).right == NO_BLOCK:
            self.done = True
        else:
            entry = entry_at(page, 0)
            self.start_key = PyBytes_FromStringAndSize(entry + 6, entry_length(page, 0) - 6)
            self.start_tid = get_tid(entry)
        return 0

    cdef int step_backward(self, uint32_t limit, list keys) except -1:
        cdef Path path
        cdef char* page
        cdef int index, start, low
        cdef const char* entry
        if self.end_key is None:
            last_path(self.tree, &path)
        else:
            self.tree.descend(PyBytes_AS_STRING(self.end_key), PyBytes_GET_SIZE(self.end_key), self.end_tid, True,
                              &path)
        self.leaf = path.frame[0]
        page = self.tree.pool.at(self.leaf)
        start = search_page(page, first_entry(page), page_count(page), PyBytes_AS_STRING(self.start_key),
                            PyBytes_GET_SIZE(self.start_key), self.start_tid, False)
        index = self.end_index(page)
        low = max(start, index - <int>limit)
        while index > low:
            index -= 1
            self.take(page, index, keys)
        if low > start:
            entry = entry_at(page, low)
            self.set_end(entry, entry_length(page, low))
        elif start > first_entry(page) or path.bound_level == 0:
            self.done = True
        else:
            page = self.tree.pool.at(path.frame[path.bound_level])
            index = path.index[path.bound_level]
            self.set_end(entry_at(page, index) + 4, entry_length(page, index) - 4)
        return 0

    cdef int set_end(self, const char* entry, uint32_t length) except -1:
        self.end_key = PyBytes_FromStringAndSize(entry + 6, length - 6)
        self.end_tid = get_tid(entry)
        if compare_entry(PyBytes_AS_STRING(self.start_key), PyBytes_GET_SIZE(self.start_key), self.start_tid, entry,
                         length) >= 0:
            self.done = True
        return 0


cdef int last_path(BTree tree, Path* path) except -1:
    # The way to the rightmost leaf.
    cdef uint32_t block = ROOT_BLOCK
    cdef int32_t frame = tree.page_frame(block, -1)
    cdef char* page = tree.pool.at(frame)
    cdef int level = special(page).level
    path.top = level
    path.bound_level = 0
    while True:
        path.block[level] = block
        path.frame[level] = frame
        if level == 0:
            return 0
        path.index[level] = page_count(page) - 1
        if path.index[level] > first_entry(page):
            path.bound_level = level
        block = child_at(page, path.index[level])
        level -= 1
        frame = tree.page_frame(block, level)
        page = tree.pool.at(frame)
