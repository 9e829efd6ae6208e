"""A relation's pages as a reader knows them: its map pages followed record by record, its mirror kept as they say.

    open(storage)             map pages are read, and followed from the moment each is read
    record … settle           a mini-transaction's records go to the copies; then the mirrors go on from them

The mirror (blocks, extents, visibility pages) is what every scan looks at, so it changes in the step in which the VDL
does. A copy of a map page is kept for every relation that is open, whether the pool has the page or not: nothing can be
fetched in such a step. A map page that is added to a relation is known by its first record: it begins a map page, and
says whose.

A relation that was dropped leaves; who has it open keeps the mirror as it was, and the pages stay as they are while any
snapshot may need them.

Errors: DataCorrupted for a page that is no map page of the relation.

Not here: the writer's side of a map (space), pages of rows (pool).
"""
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

from aurorapy_native.page cimport KIND_MAP
from aurorapy_native.redo cimport CHANGE_HEADER, OP_WRITE, PAGE_PROTECTED, RECORD_HEADER, apply_record
from aurorapy_native.space cimport RelationStorage

from aurorapy.errors import DataCorrupted
from aurorapy_native.space import _MAP_ENTRIES, _MAP_ENTRY, _MAP_HEAD, _MAP_NEXT

cdef enum:
    OWNER = 8                    # of a page's bytes from PAGE_PROTECTED on; its kind comes first
    PAGE = 8192


cdef class FollowedMaps:
    def __init__(self, VolumeSpace space not None):
        self.space = space
        self.pages = {}
        self.changed = set()

    def open(self, RelationStorage storage not None):
        """Mirrors a relation that nobody has open yet. May switch."""
        cdef uint32_t page_no = storage.root
        while page_no:
            if page_no not in self.pages:
                self.pages[page_no] = (storage.root, bytearray(storage.pool.page(page_no)))
            page = self.pages[page_no][1]
            if page[12] != KIND_MAP or int.from_bytes(page[20:24], "little") != storage.root:
                self.forget(storage.root)
                raise DataCorrupted(f"page {page_no} is not a map page of the relation at page {storage.root}")
            page_no = int.from_bytes(page[_MAP_NEXT:_MAP_NEXT + 4], "little")
        self.empty(storage)
        if self.space.maps is self:
            self.mirror(storage)
        else:
            storage.read_maps()            # the instance has become the writer meanwhile

    def forget(self, uint32_t root):
        """The relation is gone for all but those who have it open; its map pages may become something else."""
        self.space.relations.pop(root, None)
        for page_no in [page_no for page_no, (of, _) in self.pages.items() if of == root]:
            del self.pages[page_no]

    cdef int record(self, const char* record, const Header* head) except -1:
        cdef const char* body = record + RECORD_HEADER
        cdef uint32_t owner
        cdef bytearray image
        cdef char* raw
        entry = self.pages.get(head.page_no)
        if entry is None:
            if head.prev_page or head.length < RECORD_HEADER + CHANGE_HEADER + 20 or body[0] != OP_WRITE or \
                    body[2] != PAGE_PROTECTED or body[3] or body[<int> CHANGE_HEADER] != KIND_MAP:
                return 0
            memcpy(&owner, body + CHANGE_HEADER + OWNER, 4)
            if owner == head.page_no or owner not in self.space.relations:
                return 0
            entry = self.pages[head.page_no] = (owner, bytearray(PAGE))
        image = entry[1]
        raw = image
        if head.prev_page == 0 and head.page_no == <uint32_t> entry[0] and head.lsn > lsn_of(raw):
            self.forget(head.page_no)          # another relation begins here
        elif apply_record(raw, record, head.length) < 0:
            self.forget(entry[0])
        else:
            self.changed.add(entry[0])
        return 0

    cdef int settle(self) except -1:
        cdef RelationStorage storage
        for root in self.changed:
            storage = self.space.relations.get(root)
            if storage is not None and not self.mirror(storage):
                self.forget(root)
        self.changed.clear()
        return 0

    def mirror(self, RelationStorage storage not None):
        """Brings the mirror to what the map pages say; False when they do not hang together."""
        cdef uint32_t page_no = storage.root, known = storage.n_entries, before = 0, n, blocks = 0
        cdef list pages = []
        while page_no:
            if page_no not in self.pages:
                return False
            page = self.pages[page_no][1]
            kind, count, entries, following = _MAP_HEAD.unpack_from(page, 32)
            if not pages:
                storage.kind, blocks = kind, count
            pages.append((page_no, page, entries))
            before += entries
            page_no = following
        if before < known:
            known = self.empty(storage)
        before = 0
        for page_no, page, entries in pages:
            if page_no not in storage.map_pages:
                storage.map_pages.append(page_no)
            for n in range(max(before, known), before + <uint32_t> entries):
                start, what = _MAP_ENTRY.unpack_from(page, _MAP_ENTRIES + 8 * (n - before))
                storage.take_entry(what, start)
            before += <uint32_t> entries
        storage.blocks = blocks
        return True

    cdef uint32_t empty(self, RelationStorage storage) except 1:
        storage.blocks = storage.n_visibility = storage.n_extents = storage.n_entries = storage.space_loaded = 0
        storage.map_pages.clear()
        storage.space_pages.clear()
        storage.meta_extents[:] = [storage.root]
        return 0


cdef uint64_t lsn_of(const char* page) noexcept nogil:
    cdef uint64_t lsn
    memcpy(&lsn, page, 8)
    return lsn
