"""The way of a commit through the volume, which every transaction goes: redo leaves, answers come, the VDL moves.

    when_durable(lsn, wait) ──▶ the loop's round ends ──▶ flush: a Write a protection group to every copy
    receive(copy, Durable)  ──▶ SCL of the copy ──write quorum──▶ PGCL ──oldest Take──▶ VDL ──▶ wait.passed(None)

    group 1 to 103, group 2 to 104 on a write quorum; taken: [(102: 1 to 101, 2 to 102), (106: 1 to 105, 2 to 106)]
    the VDL is 102; when group 1 reaches 105 and group 2 reaches 106 it is 106

A `DurableWait` is an object on the heap: a task that waits (`wait_durable`), or an answer that goes out without one.
Those who wait are told in LSN order, after everybody who follows the VDL (`on_vdl`).

Errors: what a copy's log or a newer writer did to the volume is kept in `failure`, told to all who wait, and raised, as
a fresh copy, where somebody begins to wait.

Not here: opening, reading, what may be forgotten (aurorapy.storage.volume.volume, whose Volume is the rest).
"""
from collections import deque
from libc.stdint cimport uint32_t, uint64_t

from aurorapy_native.redo cimport RedoBuffer
from aurorapy_native.tasks cimport RunQueue, Sender, WAIT_LOG_ALLOCATE, WAIT_XACT_SYNC, Waiter

from aurorapy.errors import IoError
from aurorapy.storage.messages import Durable, Write


def again(error):
    """A fresh copy of a lasting error, for one more raise."""
    return type(error)(error.message, sqlstate=error.sqlstate)


cdef class DurableWait:
    cpdef int passed(self, object error) except -1:
        """Called once: `error` is None when the VDL has passed, else why it never will."""
        return 0


cdef class TaskWait(DurableWait):
    """A task's wait."""
    cdef Waiter waiter

    cpdef int passed(self, object error) except -1:
        self.waiter.wake(error)
        return 0


cdef class GroupProgress:
    def __init__(self, dict positions not None, uint64_t complete=0, write=None):
        """`positions`: SCL by copy; `complete`: the group's last LSN at or below the VDL; `write`: the rule of its
        write quorum, needed where there is more than one copy."""
        self.positions, self.write = positions, write
        self.complete = self.read_point = complete


cdef class VolumeCore(Sender):
    def __init__(self, RunQueue tasks not None, RedoBuffer redo not None, transport, epoch, dict groups not None,
                 uint64_t limit_bytes, size_t batch_bytes):
        """`groups`: what recovery found, a GroupProgress by number. limit_bytes: how far LSNs may run ahead of the
        VDL."""
        self.tasks, self.redo, self.transport = tasks, redo, transport
        self.epoch, self.groups = epoch, groups
        self.vdl = redo.last_lsn
        self.began_at = redo.position        # nothing lies between the recovered VDL and here
        self.limit_bytes, self.batch_bytes = limit_bytes, batch_bytes
        self.takes = deque()
        self.waits, self.room_waiters, self.vdl_callbacks = [], [], []
        self.set_limit()

    def on_vdl(self, callback):
        """callback(vdl), in the loop or wherever the VDL moves, before those who wait run. Must not wait or raise."""
        self.vdl_callbacks.append(callback)

    # -- records out ---------------------------------------------------------------------------------------------------
    cpdef int flush(self) except -1:
        """Sends everything that is pending, now. Not inside a mini-transaction."""
        cdef RedoBuffer redo = self.redo
        cdef Take take
        cdef list batches
        cdef uint32_t group
        if redo.pending_bytes == 0 or self.failure is not None:
            return 0
        take = Take.__new__(Take)
        take.point, take.parts, batches = redo.last_lsn, [], []
        try:
            for group in range(redo.groups):
                if redo.group_used[group]:
                    self.take_group(group, take, batches)
            self.takes.append(take)
            if self.feed is not None:
                self.feed(take.point, [batch.records for progress, batch in batches])
            send = self.transport.send
            for progress, batch in batches:
                for copy in progress.positions:
                    send(copy, batch)
        except OSError as error:
            self.fail(IoError(f"could not write redo: {error.strerror}"))
        return 0

    cdef int take_group(self, uint32_t group, Take take, list batches) except -1:
        cdef object prev, last, records
        cdef tuple taken
        progress = self.groups.get(group)
        if progress is None:
            progress = self.create_group(group)
        while (taken := self.redo.take(group, self.batch_bytes)) is not None:
            prev, last, records = taken
            batches.append((progress, Write(self.epoch, group, prev, last, self.vdl, records)))
        take.parts.append((progress, last))
        return 0

    # -- answers in ----------------------------------------------------------------------------------------------------
    def receive(self, copy, message):
        """What a copy says unasked."""
        if type(message) is Durable:
            self.durable(copy, message)
        else:
            self.receive_other(copy, message)

    cdef int durable(self, object copy, object message) except -1:
        cdef GroupProgress progress = self.groups[message.group]
        cdef uint64_t scl = message.scl, complete
        if scl <= <uint64_t> progress.positions.get(copy, scl) or message.epoch != self.epoch:
            return 0
        progress.positions[copy] = scl
        complete = scl if len(progress.positions) == 1 else progress.write.reached(progress.positions)
        if complete > progress.complete:
            progress.complete = complete
            self.advance()
        return 0

    def recount(self, group):
        """The write rule of a group has changed: what the copies hold already may be enough by it."""
        cdef GroupProgress progress = self.groups[group]
        cdef uint64_t complete = progress.write.reached(progress.positions)
        if complete > progress.complete:
            progress.complete = complete
            self.advance()

    cdef int advance(self) except -1:
        """Moves the VDL over every Take that all its groups have on a write quorum."""
        cdef Take take
        cdef GroupProgress progress
        cdef uint64_t vdl = self.vdl
        while self.takes:
            take = self.takes[0]
            for progress, last in take.parts:
                if progress.complete < <uint64_t> last:
                    break
            else:
                for progress, last in take.parts:
                    progress.read_point = last
                vdl = take.point
                self.takes.popleft()
                continue
            break
        if vdl > self.vdl:
            self.vdl = vdl
            self.set_limit()
            self.vdl_moved()
        return 0

    # -- following a writer --------------------------------------------------------------------------------------------
    def follow(self, uint64_t vdl):
        """A reader has applied everything up to this VDL of its writer's."""
        if vdl > self.vdl:
            self.vdl = vdl
            self.vdl_moved()

    def take_over(self, epoch, uint64_t vdl, uint64_t position, dict groups not None):
        """The reader's volume becomes the writer's: a recovery has ended at `vdl`, and pages are there already."""
        self.follow(vdl)
        self.redo.restart(vdl, position, {group: progress.read_point for group, progress in groups.items()})
        self.began_at = self.redo.position
        self.epoch, self.groups, self.follows = epoch, groups, False
        self.set_limit()

    def allow(self, uint64_t limit_bytes):
        """LSNs may be handed out up to so many bytes above the VDL; who waited for that goes on."""
        self.limit_bytes = limit_bytes
        self.set_limit()
        self.wake_room_waiters()

    cdef int set_limit(self) except -1:
        self.redo.limit_lsn = 0 if self.follows else max(self.vdl, self.began_at) + self.limit_bytes
        return 0

    cdef int vdl_moved(self) except -1:
        cdef uint64_t vdl = self.vdl
        cdef Py_ssize_t count = 0, n = len(self.waits)
        cdef list passed
        for callback in self.vdl_callbacks:
            callback(vdl)
        while count < n and (<DurableWait> self.waits[count]).lsn <= vdl:
            count += 1
        if count:
            passed = self.waits[:count]
            del self.waits[:count]
            self.tell(passed, None)
        if self.room_waiters:
            self.wake_room_waiters()
        return 0

    cdef int wake_room_waiters(self) except -1:
        cdef list rooms
        rooms, self.room_waiters = self.room_waiters, []
        for waiter in rooms:
            waiter.wake()
        return 0

    cdef int tell(self, list waits, object error) except -1:
        cdef DurableWait wait
        cdef object problem = None
        for wait in waits:
            try:
                wait.passed(error)
            except Exception as failed:          # of one; the others have not deserved to wait for ever
                problem = failed
        if problem is not None:
            raise problem
        return 0

    def fail(self, error):
        """Nothing will become durable any more: everybody who waits is told. The first error stays."""
        cdef list waits, rooms
        if self.failure is None:
            self.failure = error
            self.failed(error)
        waits, self.waits = self.waits, []
        rooms, self.room_waiters = self.room_waiters, []
        self.tell(waits, self.failure)
        for waiter in rooms:
            waiter.wake(self.failure)

    # -- waiting -------------------------------------------------------------------------------------------------------
    cdef int when_durable(self, uint64_t lsn, DurableWait wait) except -1:
        if lsn <= self.vdl:
            return wait.passed(None)
        if self.failure is not None:
            raise again(self.failure)
        self.add_wait(lsn, wait)
        if self.redo.pending_bytes:
            self.tasks.send_first(self)
        self.tasks.expect_disk()
        return 0

    cdef int add_wait(self, uint64_t lsn, DurableWait wait) except -1:
        cdef Py_ssize_t at = len(self.waits)
        wait.lsn = lsn
        while at and (<DurableWait> self.waits[at - 1]).lsn > lsn:
            at -= 1
        self.waits.insert(at, wait)
        return 0

    def when_passed(self, uint64_t lsn, DurableWait wait not None):
        """wait.passed(None) once VDL >= lsn; what is pending leaves when somebody else wants it, or in its time."""
        if lsn <= self.vdl:
            wait.passed(None)
        elif self.failure is None:
            self.add_wait(lsn, wait)

    def wait_durable(self, uint64_t lsn):
        """The task waits until VDL >= lsn; what is pending is sent for it."""
        cdef TaskWait wait
        if lsn <= self.vdl:
            return
        wait = TaskWait.__new__(TaskWait)
        wait.waiter = Waiter.__new__(Waiter, self.tasks)
        wait.waiter.event = WAIT_XACT_SYNC
        self.when_durable(lsn, wait)
        error = wait.waiter.wait_for(None, False)
        if error is not None:
            raise again(error)

    def wait_for_room(self):
        """The task waits until the VDL has moved: for a mini-transaction that found no LSN below the limit."""
        cdef Waiter waiter
        if self.failure is not None:
            raise again(self.failure)
        waiter = Waiter.__new__(Waiter, self.tasks)
        waiter.event = WAIT_LOG_ALLOCATE
        self.room_waiters.append(waiter)
        self.tasks.send_first(self)
        error = waiter.wait_for(None, False)
        if error is not None:
            raise again(error)
