"""A reader's half of the log: the writer's records, applied to the pages that are here.

    applier = Applier(pool, maps, status, group_pages)
    notes = applier.apply(records, 0x1f0)      # records at or below the LSN; the notes [(kind, payload)] for Python
    applier.group_last                         # {0: 0x1e0, 1: 0x1f0}: what a page read now must have

    page in the pool            applied
    page being fetched          kept until it is here, then applied to it (pool.install)
    a map page                  applied to its copy, then the relation's mirror goes on from it (followed_maps)
    note of a commit            its ids and their LSN into the ring
    any other page              passed over: who needs it gets it from the volume, at the VDL

Whoever calls gives whole mini-transactions and lets nothing switch until the VDL is moved: nobody sees a half of one.
The order of records within a group is the log's; between groups it does not matter, for a page is of one group.

Errors: DataCorrupted for a damaged record; nothing after it is applied.

Not here: which records, and when (instance.reader).
"""
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

from aurorapy_native.redo cimport Header, NOTE_COMMIT, NO_PAGE, RECORD_HEADER, RECORD_PAGE, group_of, record_at

from aurorapy.errors import DataCorrupted


cdef class Applier:
    def __init__(self, BufferPool pool not None, FollowedMaps maps not None, TransactionStatus status not None,
                 uint32_t group_pages):
        self.pool, self.maps, self.status, self.group_pages = pool, maps, status, group_pages
        self.group_last = {}

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
                group = group_of(head.page_no, head.kind, at + RECORD_HEADER, length - RECORD_HEADER, self.group_pages)
                if group != last_group:
                    if last:
                        self.group_last[last_group] = last
                    last_group = group
                last = head.lsn
                self.records += 1
                if head.kind == RECORD_PAGE:
                    if self.pool.follow(head.page_no, at, head.length):
                        self.applied += 1
                    self.maps.record(at, &head)
                elif head.kind == NOTE_COMMIT:
                    self.commit_note(at + RECORD_HEADER, length - RECORD_HEADER, head.lsn)
                else:
                    notes.append((head.kind, at[<int> RECORD_HEADER:length]))
            at += length
        if last:
            self.group_last[last_group] = last
        self.maps.settle()
        return notes

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
