"""Space in the volume: extents, and what a relation keeps about its own pages.

    page 0            root extent of a relation, 16 pages                 further extents
    +-----------+     +------+----------------------+-----------------+   +----------+ +------------ …
    | volume    |     | root | 7 pages for its maps | blocks 0 … 7    |   | 8 … 71   | | 72 … 1095
    +-----------+     +------+----------------------+-----------------+   +----------+ +------------ …

Page 0 holds the format version, the first page never handed out, the head of the free list and 64 counters: ceilings
under which ids are handed out, and a few roots. Freed extents stand in a list with the LSN at which they were freed and
are used again below the prune horizon, whole or in part. From then on storage need not keep what is in them either:
`release` tells it so, in the same mini-transaction that notes it in the list, and joins what lies side by side.

    (32, 16, LSN 700)  (48, 64, LSN 700)  (112, 1024, LSN 650)  ──release──▶  (32, 1104, 0)    and a note a group

A relation is known by its root map page (pg_class.relfilenode). Map pages hold entries of 8 bytes - an extent, or a
page of free-space bytes or visibility bits - and a link to the next map page; RelationStorage mirrors them in memory,
one mirror a relation (`VolumeSpace.relations`). The number of blocks is logged with every extension.

Free space is a byte a block (free bytes / 32), a hint: it lives in memory and is logged now and then; who finds less
than promised says so with note_space() and asks again. Visibility bits are logged with the change that makes them
wrong.

Extents change place in one mini-transaction, so none is lost between free list and map. What a transaction created and
did not commit before a crash belongs to nobody: `reclaim(live roots)` finds those pages after opening.

Errors: DataCorrupted for a page that is not what it should be, FatalError for another format version.
"""
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset

from aurorapy_native.page cimport (KIND_EXTENT_FREE, KIND_MAP, KIND_SPACE, KIND_VISIBILITY, KIND_VOLUME, PAGE_HEADER,
                                   PageHeader)
from aurorapy_native.pool cimport BufferPool
from aurorapy_native.mtr cimport MiniTransaction
from aurorapy_native.redo cimport NOTE_DROPPED, NOTE_FREED

import struct

from aurorapy.errors import DataCorrupted, FatalError, InternalError
from aurorapy_native.free_ranges import RELEASED, by_group, neighbours
from aurorapy_native.retry import NeedExtent, Retry

MAGIC = b"aurorapy"
FORMAT_VERSION = 1
COUNTERS = 64
COUNTER_XID, COUNTER_OID, COUNTER_DATABASES = 0, 1, 8
WHOLE_PAGE = 8160                 # special_size of pages without line pointers

_VOLUME = struct.Struct("<8sIIII")          # at 32: magic, version, next page, free list head, reserved
_VOLUME_NEXT, _VOLUME_FREE, _VOLUME_COUNTERS = 44, 48, 64
_FREE_NEXT, _FREE_SLOTS, _FREE_SLOT, _FREE_COUNT = 32, 48, struct.Struct("<IIQ"), 509
RELEASE_MAX = 60                  # extents in one mini-transaction: each may stand in another page of the list
_MAP_HEAD = struct.Struct("<BxxxIII")       # at 32: kind, blocks (root only), entries here, next map page
_MAP_COUNT, _MAP_NEXT, _MAP_ENTRIES, _MAP_ENTRY, _MAP_FULL = 40, 44, 64, struct.Struct("<IB3x"), 1016
ENTRY_EXTENT, ENTRY_META, ENTRY_SPACE, ENTRY_VISIBILITY = 1, 2, 3, 4

cdef enum:
    MAP_BLOCKS = 36               # offset of the number of blocks in the root page
    META_PAGES = 8
    ROOT_PAGES = 16
    SPACE_BLOCKS = 8160           # blocks a space page speaks for
    VISIBILITY_BLOCKS = 65280
    SPACE_CHUNK = 256

cdef uint32_t NONE = 0xFFFFFFFF


class NeedVisibilityPage(Retry):
    """The block's visibility bits have no page yet."""

    def __init__(self, storage, index):
        self.storage = storage
        self.index = index

    def wait(self):
        self.storage.add_visibility_page(self.index)


def retrying(attempt, *args):
    """Runs `attempt` until it gets through without a Retry."""
    while True:
        try:
            return attempt(*args)
        except Retry as retry:
            retry.wait()


def _u32(value):
    return value.to_bytes(4, "little")


cdef class VolumeSpace:
    def __init__(self, BufferPool pool not None, MiniTransaction mtr not None):
        self.pool = pool
        self.mtr = mtr
        self.free = []
        self.free_pages = []
        self.free_slots = []
        self.counters = [0] * COUNTERS
        self.relations = {}
        self.maps = None
        self.horizon = None

    def create(self):
        """Makes page 0 of a new volume."""
        header = _VOLUME.pack(MAGIC, FORMAT_VERSION, 1, 0, 0)
        retrying(self.mtr.run, [(0, ("init", KIND_VOLUME, 0, WHOLE_PAGE)), (0, ("write", 32, header))])
        self.next_page = 1

    def open(self, bint to_read=False):
        """Reads page 0 and the free list; to_read: page 0 only. FatalError when this is no volume of ours, or one of
        another format."""
        cdef bytes page = self.pool.page(0)
        magic, version, next_page, head, _ = _VOLUME.unpack_from(page, 32)
        if magic != MAGIC:
            raise DataCorrupted("the volume has no header: page 0 is not what it should be")
        if version != FORMAT_VERSION:
            raise FatalError(f"the volume has format version {version}, this server reads {FORMAT_VERSION}",
                             sqlstate="XX000")
        self.next_page = next_page
        self.free, self.free_pages, self.free_slots = [], [], []
        self.counters = list(struct.unpack_from(f"<{COUNTERS}Q", page, _VOLUME_COUNTERS))
        while head and not to_read:
            head = self.read_free_page(head)

    def read_free_page(self, uint32_t page_no):
        cdef bytes page = self.pool.page(page_no)
        if page[12] != KIND_EXTENT_FREE:
            raise DataCorrupted(f"page {page_no} should be part of the free list")
        self.free_pages.append(page_no)
        for slot in range(_FREE_COUNT):
            start, pages, lsn = _FREE_SLOT.unpack_from(page, _FREE_SLOTS + slot * _FREE_SLOT.size)
            if pages:
                self.free.append([start, pages, lsn, page_no, slot])
            else:
                self.free_slots.append((page_no, slot))
        return int.from_bytes(page[_FREE_NEXT:_FREE_NEXT + 4], "little")

    # -- counters --------------------------------------------------------------------------------------------------

    def counter(self, int n):
        """Value of the u64 slot n (0..63) of page 0."""
        return self.counters[n]

    def raise_counter(self, int n, value):
        """Logs a larger value for slot n; a smaller one changes nothing. May switch. It need not be durable before ids
        below it are used: whatever carries them comes later in the log."""
        if value > self.counters[n]:
            retrying(self.mtr.run, [(0, ("write", _VOLUME_COUNTERS + 8 * n, value.to_bytes(8, "little")))])
            self.counters[n] = max(value, self.counters[n])

    # -- extents ---------------------------------------------------------------------------------------------------

    def plan_allocate(self, uint32_t pages, list changes):
        """Chooses an extent, adds to `changes` what marks it taken, returns (start, done): call done() when logged."""
        horizon = self.horizon() if self.horizon is not None else 0
        best = None
        for entry in self.free:
            if entry[1] >= pages and entry[2] <= horizon and (best is None or entry[1] < best[1]):
                best = entry
        if best is None:
            start = self.next_page
            if start + pages >= NONE:
                raise InternalError("the volume has no page numbers left")
            changes.append((0, ("write", _VOLUME_NEXT, _u32(start + pages))))
            return start, lambda: self.handed_out(start + pages)
        start, size, lsn, page_no, slot = best
        rest = _FREE_SLOT.pack(start + pages, size - pages, lsn)
        changes.append((page_no, ("write", _FREE_SLOTS + slot * _FREE_SLOT.size, rest)))
        return start, lambda: self.took(best, pages)

    def handed_out(self, uint32_t next_page):
        self.next_page = next_page

    def took(self, list entry, pages):
        entry[0] += pages
        entry[1] -= pages
        if entry[1] == 0:
            self.free.remove(entry)
            self.free_slots.append((entry[3], entry[4]))

    def allocate_extent(self, uint32_t pages):
        """First page of `pages` consecutive ones that belong to nobody: for what is no relation. May switch."""
        return retrying(self.try_allocate, pages)

    def try_allocate(self, pages):
        changes = []
        start, done = self.plan_allocate(pages, changes)
        self.mtr.run(changes)
        done()
        return start

    def free_ranges(self, list ranges, uint64_t lsn, extra_changes=(), notes=()):
        """Puts page ranges [(start, pages)] into the free list, free once the prune horizon reaches `lsn`. May
        switch."""
        while len(self.free_slots) < len(ranges):
            retrying(self.grow_free_list)
        retrying(self.try_free, ranges, lsn, list(extra_changes), list(notes))

    def grow_free_list(self):
        page_no = self.next_page
        head = self.free_pages[0] if self.free_pages else 0
        self.mtr.run([
            (page_no, ("init", KIND_EXTENT_FREE, 0, WHOLE_PAGE)), (page_no, ("write", _FREE_NEXT, _u32(head))),
            (0, ("write", _VOLUME_NEXT, _u32(page_no + 1))), (0, ("write", _VOLUME_FREE, _u32(page_no)))])
        self.next_page = page_no + 1
        self.free_pages.insert(0, page_no)
        self.free_slots += [(page_no, slot) for slot in reversed(range(_FREE_COUNT))]

    def try_free(self, ranges, lsn, extra_changes, notes):
        slots = self.free_slots[len(self.free_slots) - len(ranges):]
        changes = list(extra_changes)
        for (start, pages), (page_no, slot) in zip(ranges, slots):
            at = _FREE_SLOTS + slot * _FREE_SLOT.size
            changes.append((page_no, ("write", at, _FREE_SLOT.pack(start, pages, lsn))))
        self.mtr.run(changes, notes)
        del self.free_slots[len(self.free_slots) - len(ranges):]
        self.free += [[start, pages, lsn, page_no, slot] for (start, pages), (page_no, slot) in zip(ranges, slots)]

    def unreleased(self):
        """Has storage still to be told of an extent in the free list?"""
        return any(entry[2] != RELEASED for entry in self.free)

    def release(self):
        """Tells storage of the free extents that nobody may read any more (the prune horizon has passed them): it drops
        what is in them. Returns how many pages. May switch."""
        cdef uint64_t pages = 0
        while count := retrying(self.try_release):
            pages += count
        return pages

    def try_release(self):
        rows = neighbours(self.free, self.horizon() if self.horizon is not None else 0, RELEASE_MAX)
        told = [(entry[0], entry[1]) for row in rows for entry in row if entry[2] != RELEASED]
        changes = []
        for row in rows:
            for entry in row:
                kept = (row[0][0], sum(e[1] for e in row), RELEASED) if entry is row[0] else (0, 0, 0)
                changes.append((entry[3], ("write", _FREE_SLOTS + entry[4] * _FREE_SLOT.size, _FREE_SLOT.pack(*kept))))
        if not rows:
            return 0
        self.mtr.run(changes, [(NOTE_FREED, b"".join(_u32(first) + _u32(pages) for first, pages in mine))
                               for group, mine in by_group(told, self.mtr.log.group_pages).items()
                               if self.mtr.log.last_of_group(group)])
        for row in rows:
            row[0][1], row[0][2] = sum(entry[1] for entry in row), RELEASED
            for entry in row[1:]:
                self.took(entry, entry[1])
        return sum(pages for _, pages in told)

    def free_extents(self, uint32_t root, uint64_t lsn):
        """Frees everything the relation has, its maps included. May switch."""
        RelationStorage.open(self, root).drop(lsn)

    def reclaim(self, roots):
        """Frees every page that no relation of `roots` and no list has: what a crash left behind. Returns how many.
        Only before the first session; `roots` must be all that committed or prepared transactions know."""
        gaps = self.unowned(roots)
        if gaps:
            self.free_ranges(gaps, 1)
        return sum(pages for _, pages in gaps)

    def unowned(self, roots):
        """Page ranges [(first, pages)] that no relation of `roots` and no list has. DataCorrupted when two have one.
        May switch."""
        taken = [(0, 1)] + [(page, 1) for page in self.free_pages] + [(e[0], e[1]) for e in self.free]
        for root in roots:
            taken += RelationStorage.open(self, root).ranges()
        gaps, at = [], 0
        for start, pages in sorted(taken):
            if start < at:
                raise DataCorrupted(f"page {start} belongs to two relations or is both used and free")
            if start > at:
                gaps.append((at, start - at))
            at = start + pages
        if at < self.next_page:
            gaps.append((at, self.next_page - at))
        return gaps


cdef class RelationStorage:
    def __cinit__(self):
        self.map_pages = []
        self.meta_extents = []
        self.space_pages = []
        self.space_dirty = set()

    def __dealloc__(self):
        free(self.extents)
        free(self.visibility_pages)
        free(self.space)
        free(self.space_max)

    # -- create, open, drop ----------------------------------------------------------------------------------------

    @staticmethod
    def create(VolumeSpace space not None, int owner_kind):
        """A new, empty relation of `owner_kind` (a PageKind) with room for 8 blocks; its root is `.root`. May
        switch."""
        cdef RelationStorage self = RelationStorage()
        self.bind(space)
        self.kind = owner_kind
        retrying(self.try_create)
        space.relations[self.root] = self
        return self

    def bind(self, VolumeSpace space):
        self.volume_space = space
        self.pool = space.pool
        self.mtr = space.mtr

    def try_create(self):
        changes = []
        root, done = self.volume_space.plan_allocate(ROOT_PAGES, changes)
        head = _MAP_HEAD.pack(self.kind, 0, 1, 0)
        self.mtr.run(changes + [
            (root, ("init", KIND_MAP, root, WHOLE_PAGE)), (root, ("write", 32, head)),
            (root, ("write", _MAP_ENTRIES, _MAP_ENTRY.pack(root + META_PAGES, ENTRY_EXTENT)))])
        done()
        self.root = root
        self.map_pages = [root]
        self.meta_extents = [root]
        self.take_entry(ENTRY_EXTENT, root + META_PAGES)

    @staticmethod
    def open(VolumeSpace space not None, uint32_t root):
        """The relation whose map begins at page `root`; the same object for everybody. May switch."""
        cdef RelationStorage self
        if root in space.relations:
            return space.relations[root]
        self = RelationStorage()
        self.bind(space)
        self.root = root
        self.read_maps()
        return space.relations.setdefault(root, self)

    def read_maps(self):
        cdef uint32_t page_no = self.root
        cdef bytes page
        if self.volume_space.maps is not None:
            self.volume_space.maps.open(self)
            return
        self.meta_extents = [self.root]
        while page_no:
            page = self.pool.page(page_no)
            if page[12] != KIND_MAP or int.from_bytes(page[20:24], "little") != self.root:
                raise DataCorrupted(f"page {page_no} is not a map page of the relation at page {self.root}")
            self.map_pages.append(page_no)
            kind, blocks, entries, following = _MAP_HEAD.unpack_from(page, 32)
            if page_no == self.root:
                self.kind = kind
                self.blocks = blocks
            for i in range(entries):
                start, what = _MAP_ENTRY.unpack_from(page, _MAP_ENTRIES + 8 * i)
                self.take_entry(what, start)
            page_no = following
        if self.blocks > self.capacity():
            raise DataCorrupted(f"the relation at page {self.root} has more blocks than extents")

    def take_entry(self, int what, uint32_t start):
        """Mirrors one entry of a map page."""
        if what == ENTRY_EXTENT:
            self.extents = <uint32_t*> realloc(self.extents, (self.n_extents + 1) * sizeof(uint32_t))
            self.extents[self.n_extents] = start
            self.n_extents += 1
            self.size_space(<uint32_t> self.capacity())
        elif what == ENTRY_META:
            self.meta_extents.append(start)
        elif what == ENTRY_SPACE:
            self.space_pages.append(start)
        elif what == ENTRY_VISIBILITY:
            self.visibility_pages = <uint32_t*> realloc(self.visibility_pages,
                                                        (self.n_visibility + 1) * sizeof(uint32_t))
            self.visibility_pages[self.n_visibility] = start
            self.n_visibility += 1
        else:
            raise DataCorrupted(f"unknown entry in the map of the relation at page {self.root}")
        self.n_entries += 1

    def capacity(self):
        """Blocks that fit into the extents."""
        return (0, 8, 72)[self.n_extents] if self.n_extents < 3 else 72 + 1024 * (self.n_extents - 2)

    def ranges(self):
        """Every page range of the relation, maps included: [(first page, pages)]."""
        out = [(self.root, ROOT_PAGES)] + [(start, META_PAGES) for start in self.meta_extents[1:]]
        return out + [(self.extents[i], 64 if i == 1 else 1024) for i in range(1, self.n_extents)]

    def drop(self, lsn=None):
        """Gives all pages back, free when the prune horizon reaches `lsn` (default: now). May switch; final."""
        if self.dropped:
            return
        self.dropped = True
        self.volume_space.relations.pop(self.root, None)
        at = self.mtr.log.last_lsn if lsn is None else lsn
        self.volume_space.free_ranges(self.ranges(), at, [], [(NOTE_DROPPED, _u32(self.root))])

    def truncate_to_empty(self):
        """No blocks any more; keeps root and first extent, frees the rest as of now. Old snapshots lose sight of the
        rows, so only for a relation that nobody else has seen; otherwise create a new one. May switch."""
        ranges = [(start, META_PAGES) for start in self.meta_extents[1:]]
        ranges += [(self.extents[i], 64 if i == 1 else 1024) for i in range(1, self.n_extents)]
        changes = [(self.root, ("write", 32, _MAP_HEAD.pack(self.kind, 0, 1, 0)))]
        self.volume_space.free_ranges(ranges, self.mtr.log.last_lsn, changes)
        self.blocks = self.n_visibility = self.space_loaded = self.space_hand = 0
        self.n_extents = self.n_entries = 1
        self.map_pages = [self.root]
        self.meta_extents = [self.root]
        self.space_pages = []
        self.space_dirty.clear()
        memset(self.space, 0, self.space_size)
        memset(self.space_max, 0, self.space_size // SPACE_CHUNK)

    # -- growing ---------------------------------------------------------------------------------------------------

    def plan_entry(self, int what, start, list changes, int ahead):
        """Adds to `changes` what writes one more entry, `ahead` entries after the last. Returns the new map page or
        0."""
        number = self.n_entries + ahead
        index, slot = divmod(number, _MAP_FULL)
        new_page = 0
        if index == len(self.map_pages):
            new_page = self.meta_page(0)
            changes.append((new_page, ("init", KIND_MAP, self.root, WHOLE_PAGE)))
            changes.append((self.map_pages[len(self.map_pages) - 1], ("write", _MAP_NEXT, _u32(new_page))))
        page = new_page or self.map_pages[index]
        changes.append((page, ("write", _MAP_ENTRIES + 8 * slot, _MAP_ENTRY.pack(start, what))))
        changes.append((page, ("write", _MAP_COUNT, _u32(slot + 1))))
        return new_page

    def meta_used(self):
        return len(self.map_pages) + len(self.space_pages) + self.n_visibility

    def meta_page(self, int ahead):
        """The next unused page for maps, `ahead` further on."""
        index, slot = divmod(self.meta_used() + ahead, META_PAGES)
        return self.meta_extents[index] + slot

    def add_entry(self, int what, uint32_t pages):
        """One try to add an extent (`pages` of them) or, with 0, a space or visibility page. Raises Retry."""
        changes = []
        if what != ENTRY_META and self.meta_used() + 2 > META_PAGES * len(self.meta_extents):
            self.add_entry(ENTRY_META, META_PAGES)      # room for this page and for a map page beside it
        if pages:
            start, done = self.volume_space.plan_allocate(pages, changes)
            new_map = self.plan_entry(what, start, changes, 0)
        else:
            done = None
            start = self.meta_page(1 if self.n_entries == _MAP_FULL * len(self.map_pages) else 0)
            new_map = self.plan_entry(what, start, changes, 0)
            kind = KIND_SPACE if what == ENTRY_SPACE else KIND_VISIBILITY
            changes.append((start, ("init", kind, self.root, WHOLE_PAGE)))
        self.mtr.run(changes)
        if done:
            done()
        if new_map:
            self.map_pages.append(new_map)
        self.take_entry(what, start)

    def allocate_extent(self):
        """Adds an extent when the last prepare_extend needs one. May switch."""
        retrying(self.try_extent)

    def try_extent(self):
        while self.blocks + max(self.wanted, 1) > self.capacity():
            self.add_entry(ENTRY_EXTENT, 64 if self.n_extents == 1 else 1024)
        if self.space_dirty:
            self.try_flush_space()

    cdef int prepare_extend(self, uint32_t count) except -1:
        cdef uint32_t i
        if self.dropped:
            raise InternalError("the relation's storage was dropped")
        if self.blocks + count > <uint32_t> self.capacity():
            self.wanted = count
            raise NeedExtent(self)
        for i in range(count):
            self.pool.fresh(self.page_of(self.blocks + i))
        self.pool.need(self.root)
        for i in range(count):
            self.pool.need(self.page_of(self.blocks + i))
        return 0

    cdef int32_t extend(self, uint32_t* block) except -1:
        cdef int32_t frame = self.pool.need(self.page_of(self.blocks))
        cdef int32_t root = self.pool.need(self.root)
        cdef uint32_t after = self.blocks + 1
        self.mtr.write(root, MAP_BLOCKS, &after, 4)
        block[0] = self.blocks
        self.blocks = after
        return frame

    # -- free space ------------------------------------------------------------------------------------------------

    cdef int size_space(self, uint32_t blocks) except -1:
        cdef uint32_t size = (blocks + SPACE_CHUNK - 1) / SPACE_CHUNK * SPACE_CHUNK
        if size <= self.space_size:
            return 0
        self.space = <uint8_t*> realloc(self.space, size)
        self.space_max = <uint8_t*> realloc(self.space_max, size / SPACE_CHUNK)
        if not self.space or not self.space_max:
            raise MemoryError
        memset(self.space + self.space_size, 0, size - self.space_size)
        memset(self.space_max + self.space_size / SPACE_CHUNK, 0, (size - self.space_size) / SPACE_CHUNK)
        self.space_size = size
        return 0

    cdef int load_space(self) except -1:
        """Takes the space pages that were not read yet into memory; what was noted meanwhile is newer and stays."""
        cdef uint32_t i, block, n
        cdef int32_t frame
        cdef uint8_t* bytes_
        n = <uint32_t> len(self.space_pages)
        while self.space_loaded < n:
            frame = self.pool.need(self.space_pages[self.space_loaded])
            bytes_ = <uint8_t*> self.pool.at(frame) + PAGE_HEADER
            for i in range(SPACE_BLOCKS):
                block = self.space_loaded * SPACE_BLOCKS + i
                if block >= self.blocks:
                    break
                if bytes_[i] and self.space[block] == 0:
                    self.space[block] = bytes_[i]
                    if bytes_[i] > self.space_max[block / SPACE_CHUNK]:
                        self.space_max[block / SPACE_CHUNK] = bytes_[i]
            self.space_loaded += 1
        return 0

    cdef uint32_t find_space(self, uint32_t need) except? 0xFFFFFFFE:
        cdef uint32_t want = (need + 31) / 32
        cdef uint32_t chunks = (self.blocks + SPACE_CHUNK - 1) / SPACE_CHUNK
        cdef uint32_t at, step, chunk, block, end
        cdef uint8_t most
        if self.space_loaded < <uint32_t> len(self.space_pages):
            self.load_space()
        if want == 0:
            want = 1
        if want > 255 or chunks == 0:
            return NONE
        at = self.space_hand / SPACE_CHUNK
        for step in range(chunks):
            chunk = at + step
            if chunk >= chunks:
                chunk -= chunks
                if chunk >= chunks:
                    chunk = 0
            if self.space_max[chunk] < want:
                continue
            most = 0
            end = min((chunk + 1) * SPACE_CHUNK, self.blocks)
            for block in range(chunk * SPACE_CHUNK, end):
                if self.space[block] >= want:
                    self.space_hand = block
                    return block
                if self.space[block] > most:
                    most = self.space[block]
            self.space_max[chunk] = most
        return NONE

    cdef void note_space(self, uint32_t block, uint32_t free) noexcept:
        cdef uint8_t value = <uint8_t> min(free / 32, 255)
        if block >= self.blocks or self.space[block] == value:
            return
        self.space[block] = value
        if value > self.space_max[block / SPACE_CHUNK]:
            self.space_max[block / SPACE_CHUNK] = value
        self.space_dirty.add(block / SPACE_BLOCKS)

    def flush_space(self):
        """Logs the free-space bytes that changed in memory: after a vacuum, before a clean end. May switch."""
        retrying(self.try_flush_space)

    def try_flush_space(self):
        cdef uint32_t first, count
        cdef int32_t frame
        self.load_space()
        for index in sorted(self.space_dirty):
            while len(self.space_pages) <= index:
                self.add_entry(ENTRY_SPACE, 0)
                self.space_loaded = <uint32_t> len(self.space_pages)
            page_no = self.space_pages[index]
            frame = self.pool.need(page_no)
            first = index * SPACE_BLOCKS
            count = min(SPACE_BLOCKS, max(self.blocks, first) - first)
            self.mtr.run([(page_no, ("write", PAGE_HEADER, (<char*> self.space + first)[:count]))])
            self.space_dirty.discard(index)

    # -- visibility map --------------------------------------------------------------------------------------------

    cdef uint32_t visibility_place(self, uint32_t block, uint8_t* bit) noexcept nogil:
        bit[0] = <uint8_t> (1 << (block & 7))
        return PAGE_HEADER + (block % VISIBILITY_BLOCKS) / 8

    cdef int is_all_visible(self, uint32_t block) except -1:
        cdef uint32_t index = block / VISIBILITY_BLOCKS, place
        cdef uint8_t bit
        if index >= self.n_visibility:
            return 0
        place = self.visibility_place(block, &bit)
        return (self.pool.at(self.pool.need(self.visibility_pages[index]))[place] & bit) != 0

    cdef int need_visibility_page(self, uint32_t block) except -1:
        cdef uint32_t index = block / VISIBILITY_BLOCKS
        if index >= self.n_visibility:
            raise NeedVisibilityPage(self, index)
        self.pool.need(self.visibility_pages[index])
        return 0

    cdef int set_visibility(self, uint32_t block, bint on) except -1:
        cdef uint32_t index = block / VISIBILITY_BLOCKS, place
        cdef uint8_t bit, byte
        cdef int32_t frame
        if index >= self.n_visibility:
            if not on:
                return 0
            raise NeedVisibilityPage(self, index)
        frame = self.pool.need(self.visibility_pages[index])
        place = self.visibility_place(block, &bit)
        byte = <uint8_t> self.pool.at(frame)[place]
        if ((byte & bit) != 0) == on:
            return 0
        byte ^= bit
        return self.mtr.write(frame, place, &byte, 1)

    cdef int set_all_visible(self, uint32_t block) except -1:
        return self.set_visibility(block, True)

    cdef int clear_all_visible(self, uint32_t block) except -1:
        return self.set_visibility(block, False)

    def add_visibility_page(self, uint32_t index):
        """Makes visibility pages up to `index`. May switch."""
        retrying(self.try_visibility_page, index)

    def try_visibility_page(self, uint32_t index):
        while self.n_visibility <= index:
            self.add_entry(ENTRY_VISIBILITY, 0)

    # -- for tests and tools -----------------------------------------------------------------------------------------

    def page_number(self, uint32_t block):
        """Page of the volume that holds the block. IndexError beyond the extents."""
        if block >= <uint32_t> self.capacity():
            raise IndexError(block)
        return self.page_of(block)

    def add_block(self, int kind):
        """Appends one empty page of `kind`; returns its block number. May switch."""
        return retrying(self.try_block, kind)

    def try_block(self, int kind):
        cdef uint32_t block = 0
        cdef int32_t frame
        self.prepare_extend(1)
        self.mtr.begin()
        frame = self.extend(&block)
        self.mtr.init_page(frame, <uint8_t> kind, self.root, 0)
        self.mtr.commit()
        return block

    def space_of(self, uint32_t block):
        """The hint: free bytes of the block, rounded down to 32."""
        return self.space[block] * 32 if block < self.blocks else 0

    def remember_space(self, uint32_t block, uint32_t free):
        self.note_space(block, free)

    def block_with_space(self, uint32_t need):
        """A block with room for `need` bytes, or None. May switch."""
        block = retrying(self.try_find_space, need)
        return None if block == NONE else block

    def try_find_space(self, need):
        return self.find_space(need)

    def all_visible(self, uint32_t block):
        return bool(retrying(self.try_all_visible, block))

    def try_all_visible(self, block):
        return self.is_all_visible(block)

    def mark_visible(self, uint32_t block, bint on):
        """Sets or clears the block's bit in a mini-transaction of its own. May switch."""
        retrying(self.try_mark, block, on)

    def try_mark(self, block, on):
        self.need_visibility_page(block)
        self.mtr.begin()
        self.set_visibility(block, on)
        self.mtr.commit()
