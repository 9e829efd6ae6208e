"""A reader's half of the log: the writer's records, applied to the pages that are here.

    applier = Applier(pool, space, status, group_pages)
    notes = applier.apply(records, 0x1f0)      # records at or below the LSN; [(kind, payload)] that are for Python
    applier.group_last                         # {0: 0x1e0, 1: 0x1f0}: what a page read now must have

    page in the pool            applied
    page being fetched          kept until it is here, then applied to it (pool.install)
    a followed map page         applied to its copy, then the relation's mirror goes on from it
    note of a commit            its ids and their LSN into the ring
    any other page              passed over: who needs it gets it from the volume, at the VDL

Whoever calls gives whole mini-transactions and lets nothing switch until the VDL is moved: so nobody sees a half of one.
The order of records within a group is the log's; between groups it does not matter, for a page is of one group.

Errors: DataCorrupted for a damaged record; nothing after it is applied.

Not here: which records, and when (instance.reader).
"""
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from aurorapy_native.page cimport KIND_MAP
from aurorapy_native.redo cimport (CHANGE_HEADER, NOTE_COMMIT, NO_PAGE, OP_WRITE, PAGE_PROTECTED, RECORD_HEADER,
                                   RECORD_PAGE, apply_record, record_at)

from aurorapy.errors import DataCorrupted

cdef enum:
    HEADER_KIND = 0              # of a page, from PAGE_PROTECTED on
    HEADER_OWNER = 8


cdef class Applier:
    def __init__(self, BufferPool pool not None, VolumeSpace space not None, TransactionStatus status not None,
                 uint32_t group_pages):
        self.pool, self.space, self.status, self.group_pages = pool, space, status, group_pages
        self.group_last = {}
        self.changed = set()

    def apply(self, bytes records not None, uint64_t upto):
        """Goes through the records of whole mini-transactions, those at or below `upto`; the notes that are not the
        applier's own business, in order."""
        cdef const char* at = records
        cdef const char* end = at + len(records)
        cdef uint32_t length, group, last_group = NO_PAGE
        cdef uint64_t last = 0
        cdef Header head
        cdef list notes = []
        while at < end:
            length = record_at(at, end - at)
            if length == 0:
                raise DataCorrupted("a redo record from the writer is damaged")
            memcpy(&head, at, RECORD_HEADER)
            if head.lsn <= upto:
                group = 0 if head.page_no == NO_PAGE else head.page_no / self.group_pages
                if group != last_group:
                    if last:
                        self.group_last[last_group] = last
                    last_group = group
                last = head.lsn
                self.records += 1
                if head.kind == RECORD_PAGE:
                    self.page(at, &head)
                elif head.kind == NOTE_COMMIT:
                    self.commit_note(at + RECORD_HEADER, length - RECORD_HEADER, head.lsn)
                else:
                    notes.append((head.kind, at[RECORD_HEADER:length]))
            at += length
        if last:
            self.group_last[last_group] = last
        if self.changed:
            self.relations_changed()
        return notes

    cdef int page(self, const char* record, const Header* head) except -1:
        cdef uint32_t owner
        cdef const char* body = record + RECORD_HEADER
        if self.pool.follow(head.page_no, record, head.length):
            self.applied += 1
        entry = self.space.maps.get(head.page_no)
        if entry is not None:
            self.map_page(record, head, entry)
        elif head.prev_page == 0 and head.length > RECORD_HEADER + CHANGE_HEADER + 20 and body[0] == OP_WRITE and \
                body[2] == PAGE_PROTECTED and body[3] == 0 and body[CHANGE_HEADER + HEADER_KIND] == KIND_MAP:
            memcpy(&owner, body + CHANGE_HEADER + HEADER_OWNER, 4)
            if owner != head.page_no and owner in self.space.relations:        # one more map page of it
                entry = self.space.maps[head.page_no] = (owner, bytearray(8192))
                self.map_page(record, head, entry)
        return 0

    cdef int map_page(self, const char* record, const Header* head, tuple entry) except -1:
        cdef bytearray image = entry[1]
        cdef char* raw = image
        if head.prev_page == 0 and head.page_no == <uint32_t> entry[0] and any(image):     # another relation begins here
            self.space.unfollow(head.page_no)
            return 0
        if apply_record(raw, record, head.length) < 0:
            self.space.unfollow(entry[0])
            return 0
        self.changed.add(entry[0])
        return 0

    cdef int commit_note(self, const char* payload, uint32_t length, uint64_t lsn) except -1:
        cdef uint64_t count, i, xid
        if length < 8:
            raise DataCorrupted("a commit note from the writer is malformed")
        memcpy(&count, payload, 8)
        if length != 8 + 8 * count:
            raise DataCorrupted("a commit note from the writer is malformed")
        for i in range(count):
            memcpy(&xid, payload + 8 + 8 * i, 8)
            self.status.note_commit(xid, lsn)
        return 0

    cdef int relations_changed(self) except -1:
        for root in self.changed:
            storage = self.space.relations.get(root)
            if storage is not None and not storage.follow_maps():
                self.space.unfollow(root)
        self.changed.clear()
        return 0
