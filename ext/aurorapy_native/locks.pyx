"""The tables behind locks: which modes of which object are held (LockTable), which rows are locked (RowLocks).

Eight modes as PostgreSQL numbers them; CONFLICTS[m] are the modes that mode m cannot stand beside:

    1 ACCESS SHARE  2 ROW SHARE  3 ROW EXCLUSIVE  4 SHARE UPDATE EXCLUSIVE
    5 SHARE         6 SHARE ROW EXCLUSIVE         7 EXCLUSIVE    8 ACCESS EXCLUSIVE

    table.try_acquire(owner, ("rel", 5, 16384), 3)     # True, or False when it must queue
    table.release(owner)                               # all of it; returns the objects somebody waits for

Row locks have four strengths; of the pairs only these conflict: KEY SHARE with UPDATE, SHARE with NO KEY UPDATE and
UPDATE, NO KEY UPDATE with all but KEY SHARE, UPDATE with all. An update or delete locks its row by being its xmax.

Not here: waiting, deadlocks, timeouts (aurorapy.txn.locks).
"""
from libc.stdint cimport uint8_t, uint32_t, uint64_t, int32_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memset

from aurorapy_native.visibility cimport Snapshot, TransactionStatus, TxnIds
from aurorapy_native.volume cimport DurableWait, VolumeCore

from aurorapy.errors import ProgramLimitExceeded

cdef enum:
    COMMANDS_MAX = 0xFFFFFFFE

MODES = ("ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE",
         "EXCLUSIVE", "ACCESS EXCLUSIVE")
MODE_NUMBER = {name: number for number, name in enumerate(MODES, 1)}
ROW_STRENGTHS = {"KEY SHARE": ROW_KEY_SHARE, "SHARE": ROW_SHARE, "NO KEY UPDATE": ROW_NO_KEY_UPDATE,
                 "UPDATE": ROW_UPDATE}

cdef int[9] CONFLICT_BITS
for _mode, _with in enumerate(((8,), (7, 8), (5, 6, 7, 8), (4, 5, 6, 7, 8), (3, 4, 6, 7, 8), (3, 4, 5, 6, 7, 8),
                               (2, 3, 4, 5, 6, 7, 8), (1, 2, 3, 4, 5, 6, 7, 8)), 1):
    CONFLICT_BITS[_mode] = sum(1 << m for m in _with)

cdef int[4] ROW_CONFLICT_BITS      # by strength: bits of the strengths it conflicts with
ROW_CONFLICT_BITS[:] = [0b1000, 0b1100, 0b1110, 0b1111]


def conflicts(int mode):
    """Bits (1 << mode) of the modes that conflict with `mode` (1..8)."""
    return CONFLICT_BITS[mode]


def row_conflicts(int strength):
    """Bits (1 << strength) of the row lock strengths that conflict with `strength` (0..3)."""
    return ROW_CONFLICT_BITS[strength]


cdef str ACTIVE = "active"


cdef class LockOwner:
    def __cinit__(self):
        self.held = {}
        self.taken = []


cdef class TransactionCore(LockOwner):
    def __init__(self, ManagerCore manager, TransactionStatus status not None, str isolation, bint read_only,
                 bint deferrable, after):
        self.manager = manager
        self.status = status
        self.ids = TxnIds.__new__(TxnIds)
        self.isolation = isolation
        self.read_only = read_only
        self.deferrable = deferrable
        self.one_snapshot = isolation == "repeatable read" or isolation == "serializable"
        self.after = after
        self.state = "active"
        self.savepoints = []
        self.before_commit = []
        self.after_commit = []
        self.after_abort = []
        self.notes = []
        self.watchers = []

    @property
    def xid(self):
        """Id under which the current savepoint writes; assigned on first use. May switch."""
        return self.write_id()

    cdef bint knows_id(self) noexcept:
        return self.current_xid != 0 or self.status.next_xid < self.status.ceiling

    cdef uint64_t write_id(self) except 0:
        cdef uint64_t xid = self.current_xid
        if xid:
            return xid
        if self.savepoints or self.state != ACTIVE or not self.knows_id():
            return self.assign()
        xid = self.current_xid = self.status.next_id()
        self.ids.append(xid)
        self.manager.running[xid] = self
        return xid

    @property
    def top_xid(self):
        """The transaction's own id, 0 before its first write."""
        return self.ids.top

    def is_own(self, uint64_t xid):
        """True for an id of this transaction that was not rolled back."""
        return self.ids.has(xid)

    def snapshot(self):
        """READ COMMITTED: of this moment; REPEATABLE READ: of the first call, with the present command. May switch
        while the session's last commit is not durable yet. Released by release_snapshot(), or when nobody holds it."""
        return self.take_snapshot()

    def next_command(self):
        """Makes what was written so far visible to the transaction's next snapshots."""
        self.end_command()
        return self.command

    cdef int end_command(self) except -1:
        if self.command >= COMMANDS_MAX:
            raise ProgramLimitExceeded("cannot have more than 2^32-2 commands in a transaction")
        self.command += 1
        return 0

    cdef Snapshot take_snapshot(self):
        cdef Snapshot taken
        if self.first is not None:
            return self.status.copy(self.first, self.command)
        if self.after > self.status.vdl:
            self.manager.wait_durable(self.after)
        taken = self.status.take(self, self.ids, self.command)
        if self.one_snapshot:
            self.first = taken
            return self.status.copy(taken, self.command)
        return taken

    def release_snapshot(self, Snapshot snapshot not None):
        """The statement is done with it."""
        snapshot.release()

    @property
    def first_lsn(self):
        """Of REPEATABLE READ's snapshot; 0 before there is one."""
        return self.first.lsn if self.first is not None else 0

    def read_as_of(self, uint64_t lsn):
        """REPEATABLE READ's snapshot shall be that of a reader of the same volume, which still holds it. ValueError
        when rows that it sees may have gone."""
        cdef Snapshot taken
        if not self.status.horizon() <= lsn <= self.status.vdl:
            raise ValueError(lsn)
        taken = self.status.take(self, self.ids, self.command)
        taken.release()
        taken.lsn = lsn
        self.first = self.status.copy(taken, self.command)

    def drop_first_snapshot(self):
        """REPEATABLE READ's snapshot no longer holds the prune horizon."""
        if self.first is not None:
            self.first.release()
            self.first = None


    # -- the end -------------------------------------------------------------------------------------------------------
    cdef int commit_soon(self, VolumeCore volume, TransactionEnd end) except -1:
        self.commit_lsn = self.status.try_commit(self.ids, self.notes)
        self.state = "committing"
        self.drop_first_snapshot()
        end.transaction = self
        return volume.when_durable(self.commit_lsn, end)

    cdef int ended(self, str state) except -1:
        cdef ManagerCore manager = self.manager
        cdef list callbacks, waited
        self.state = state
        self.drop_first_snapshot()
        if self.ids.top:
            manager.forget_ids(self.ids.all())
            if self.commit_lsn:
                manager.commits += 1
            else:
                manager.rollbacks += 1
        if self.held:
            waited = manager.table.release(self)
            if waited:
                manager.locks.wake(waited)
        if self.watchers:
            self.wake_watchers()
        callbacks = self.after_commit if state == "committed" else self.after_abort
        if callbacks:
            self.after_commit, self.after_abort = [], []
            for callback in callbacks:
                callback()
        return 0

    def _ended(self, str state not None):
        """Locks go, waiters wake, callbacks run; the commit is durable or the ids are aborted."""
        self.ended(state)


cdef class TransactionEnd(DurableWait):
    def __init__(self, TransactionCore transaction):
        self.transaction = transaction

    cpdef int passed(self, object error) except -1:
        """It may become durable after an error too: then its locks stay."""
        if error is None:
            self.transaction.ended("committed")
        return 0


cdef class ManagerCore:
    def __init__(self, TransactionStatus status not None, locks):
        self.status = status
        self.locks, self.table = locks, locks.table
        self.row_locks = RowLocks()
        self.running = {}

    def vdl_moved(self, uint64_t vdl):
        """Commits at or below `vdl` are seen from here on."""
        self.status.vdl = vdl
        self.status.trim()

    def forget(self, list xids not None):
        """The ids have ended for everybody."""
        self.forget_ids(xids)

    cdef int forget_ids(self, list xids) except -1:
        for xid in xids:
            del self.running[xid]
        if self.row_locks.count:
            self.row_locks.release(xids)
        return 0


cdef class Lock:
    def __init__(self, key):
        self.key = key
        self.holders = {}
        self.queue = []

    cdef int conflicting(self, LockOwner owner, int mode) except -1:
        """1 when somebody other than the owner holds a conflicting mode."""
        cdef int against = CONFLICT_BITS[mode] & self.granted
        cdef int own, m, others = 0
        if against == 0:
            return 0
        own = self.holders.get(owner, 0)
        for m in range(1, 9):
            if against >> m & 1 and self.count[m - 1] > (own >> m & 1):
                others = 1
        return others

    cdef int grant(self, LockOwner owner, int mode) except -1:
        cdef int own = self.holders.get(owner, 0)
        if own >> mode & 1:
            return 0
        self.holders[owner] = owner.held[self.key] = own | 1 << mode
        owner.taken.append((self.key, mode))
        self.count[mode - 1] += 1
        self.granted |= 1 << mode
        return 0

    def grant_to(self, LockOwner owner not None, int mode):
        """Gives the mode; the caller knows that nothing conflicts."""
        self.grant(owner, mode)

    def conflicts_with(self, LockOwner owner not None, int mode):
        """True when another owner holds a mode that conflicts."""
        return bool(self.conflicting(owner, mode))

    def held_by(self, owner):
        """Bits of the modes the owner holds."""
        return self.holders.get(owner, 0)

    cpdef int give_back(self, LockOwner owner, int modes) except -1:
        """Takes the modes (bits) from the owner."""
        cdef int own = self.holders.get(owner, 0)
        cdef int m
        cdef int gone = own & modes
        for m in range(1, 9):
            if gone >> m & 1:
                self.count[m - 1] -= 1
                if self.count[m - 1] == 0:
                    self.granted &= ~(1 << m)
        if own & ~modes:
            self.holders[owner] = owner.held[self.key] = own & ~modes
        elif own:
            del self.holders[owner]
            owner.held.pop(self.key, None)
        return 0


cdef class LockTable:
    def __init__(self):
        self.locks = {}

    def try_acquire(self, LockOwner owner not None, key, int mode):
        """Takes the mode (1..8) if the owner has it, or nothing conflicts and nobody waits; else False."""
        return self.acquire(owner, key, mode)

    cdef bint is_free(self, object key, int mode) except -1:
        cdef Lock lock = self.locks.get(key)
        return lock is None or (not lock.queue and not CONFLICT_BITS[mode] & lock.granted)

    cdef bint acquire(self, LockOwner owner, object key, int mode) except -1:
        cdef Lock lock
        cdef int own = owner.held.get(key, 0)
        if own >> mode & 1:
            return True
        lock = self.locks.get(key)
        if lock is None:
            lock = self.locks[key] = Lock(key)
        if lock.queue or lock.conflicting(owner, mode):
            return False
        lock.grant(owner, mode)
        return True

    cpdef list release(self, LockOwner owner):
        """Takes everything from the owner. Returns the Locks that have waiters."""
        cdef Lock lock
        cdef list waited = []
        for key in list(owner.held):
            lock = self.locks[key]
            lock.give_back(owner, -1)
            if lock.queue:
                waited.append(lock)
            elif not lock.holders and len(self.locks) > 1024:
                del self.locks[key]
        owner.taken.clear()
        return waited

    def release_since(self, LockOwner owner not None, int mark):
        """Gives back what the owner took after its list `taken` had `mark` entries. Returns the Locks with waiters."""
        cdef Lock lock
        cdef list waited = []
        for key, mode in owner.taken[mark:]:
            lock = self.locks[key]
            lock.give_back(owner, 1 << mode)
            if lock.queue:
                waited.append(lock)
        del owner.taken[mark:]
        return waited


cdef inline uint32_t row_hash(uint32_t root, uint64_t tid) noexcept nogil:
    cdef uint64_t h = (tid ^ (<uint64_t> root << 32)) * <uint64_t> 0x9E3779B97F4A7C15
    return <uint32_t> (h >> 32)


cdef class RowLocks:
    def __cinit__(self):
        self.size = 1024
        self.mask = 2047
        self.entries = <RowLock*> calloc(self.size, sizeof(RowLock))
        self.buckets = <uint32_t*> calloc(self.mask + 1, sizeof(uint32_t))
        if not (self.entries and self.buckets):
            raise MemoryError
        self.by_xid = {}

    def __dealloc__(self):
        free(self.entries)
        free(self.buckets)

    cdef int grow(self) except -1:
        """Doubles entries and buckets."""
        cdef RowLock* entries = <RowLock*> realloc(self.entries, 2 * self.size * sizeof(RowLock))
        cdef uint32_t* buckets
        cdef uint32_t i, b
        if entries == NULL:
            raise MemoryError
        self.entries = entries
        buckets = <uint32_t*> realloc(self.buckets, 2 * (self.mask + 1) * sizeof(uint32_t))
        if buckets == NULL:
            raise MemoryError
        self.buckets = buckets
        self.size *= 2
        self.mask = 2 * self.mask + 1
        memset(buckets, 0, (self.mask + 1) * sizeof(uint32_t))
        for i in range(self.used):           # only called when every entry is in use
            b = row_hash(entries[i].root, entries[i].tid) & self.mask
            entries[i].next_row = buckets[b]
            buckets[b] = i + 1
        return 0

    cdef uint64_t conflict(self, uint32_t root, uint64_t tid, int strength, TxnIds ids) noexcept nogil:
        cdef uint32_t i
        cdef RowLock* e
        if self.count == 0:
            return 0
        i = self.buckets[row_hash(root, tid) & self.mask]
        while i:
            e = &self.entries[i - 1]
            if e.tid == tid and e.root == root and ROW_CONFLICT_BITS[strength] >> e.strength & 1:
                if ids is None or not ids.has(e.xid):
                    return e.xid
            i = e.next_row
        return 0

    cdef int hold(self, uint32_t root, uint64_t tid, int strength, uint64_t xid) except -1:
        cdef uint32_t b = row_hash(root, tid) & self.mask
        cdef uint32_t i = self.buckets[b]
        cdef RowLock* e
        while i:
            e = &self.entries[i - 1]
            if e.tid == tid and e.root == root and e.xid == xid:
                if strength > e.strength:
                    e.strength = <uint8_t> strength
                return 0
            i = e.next_row
        if self.free_entry:
            i = self.free_entry
            self.free_entry = self.entries[i - 1].next_row
        else:
            if self.used == self.size:
                self.grow()
                b = row_hash(root, tid) & self.mask
            self.used += 1
            i = self.used
        e = &self.entries[i - 1]
        e.tid = tid
        e.root = root
        e.xid = xid
        e.strength = <uint8_t> strength
        e.next_row = self.buckets[b]
        self.buckets[b] = i
        e.next_xid = self.by_xid.get(xid, 0)
        self.by_xid[xid] = i
        self.count += 1
        return 0

    cdef int carry(self, uint32_t root, uint64_t old_tid, uint64_t new_tid) except -1:
        cdef list holders = []
        if self.count == 0:
            return 0
        holders = self.holders(root, old_tid)
        for xid, strength in holders:
            self.hold(root, new_tid, strength, xid)
        return 0

    def holders(self, uint32_t root, uint64_t tid):
        """[(xid, strength)] of the row's locks."""
        cdef uint32_t i = self.buckets[row_hash(root, tid) & self.mask]
        cdef RowLock* e
        cdef list out = []
        while i:
            e = &self.entries[i - 1]
            if e.tid == tid and e.root == root:
                out.append((e.xid, e.strength))
            i = e.next_row
        return out

    def release(self, list xids not None):
        """Drops every lock of the ids: at the transaction's end, or when a savepoint is rolled back."""
        cdef uint32_t i, following
        if not self.by_xid:
            return
        for xid in xids:
            i = self.by_xid.pop(xid, 0)
            while i:
                following = self.entries[i - 1].next_xid
                self.unchain(i)
                i = following

    def unchain(self, uint32_t index):
        cdef RowLock* e = &self.entries[index - 1]
        cdef uint32_t* at = &self.buckets[row_hash(e.root, e.tid) & self.mask]
        while at[0] != index:
            at = &self.entries[at[0] - 1].next_row
        at[0] = e.next_row
        e.next_row = self.free_entry
        self.free_entry = index
        self.count -= 1

    def find_conflict(self, root, tid, int strength, TxnIds ids=None):
        """An id other than `ids` whose lock on the row conflicts, or 0."""
        return self.conflict(root, tid, strength, ids)

    def take(self, root, tid, int strength, xid):
        """Takes the lock for `xid`; the caller has found no conflict."""
        self.hold(root, tid, strength, xid)

    def carry_over(self, root, old_tid, new_tid):
        """The row's new version is locked by whoever locked the old one."""
        self.carry(root, old_tid, new_tid)
