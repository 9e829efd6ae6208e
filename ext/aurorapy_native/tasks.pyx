"""The part of tasks that every wait goes through: waiters, the run queue, the switch. `aurorapy.host.tasks` explains
it.

    waiter.wait()  ──▶ hub.switch() … _drain: task.greenlet.switch() ──▶ returns wake()'s value

Waiters and tasks are objects on the heap; no address of a C local is visible to anybody else across a switch, and no
frame between two switches is noexcept or without the GIL.

Not here: spawning, sleeping, timeouts' timers, tests' ways to drive the loop (`aurorapy.host.tasks`).
"""
from collections import deque

from aurorapy_native.clock cimport monotonic

cdef extern from "<sched.h>" nogil:
    int sched_yield()


cdef enum:
    DISK_SPINS = 4           # an fdatasync takes longer than a client's next question

cdef double BUSY_SECONDS = 50e-6     # longer than a client process takes to read an answer and ask again


cdef class WaitCounts:
    cdef void add(self, int event, double seconds) noexcept:
        self.counts[event] += 1
        self.seconds[event] += seconds

    def all(self):
        """[(event, how often, microseconds)] of what happened at all."""
        return [(event, self.counts[event], round(self.seconds[event] * 1e6))
                for event in range(WAITS) if self.counts[event]]


cdef class TaskCore:
    cdef int has_waited(self, RunQueue queue, int event, double seconds) except -1:
        if self.waited is None:
            self.waited = WaitCounts()
        self.waited.add(event, seconds)
        queue.waited.add(event, seconds)
        return 0

    def pending_interrupt(self):
        return self._interrupt

    def clear_interrupt(self):
        self._interrupt = None

    def take_interrupt(self):
        """The pending interrupt, which thereby counts as delivered."""
        error, self._interrupt = self._interrupt, None
        return error


cdef class Waiter:
    def __cinit__(self, RunQueue queue not None):
        self._queue = queue

    def wait(self, timeout=None, bint shielded=False):
        """Switches to the loop until `wake`; returns its value at once when it came already.

        timeout: seconds, TimeoutError after them. shielded: the task's interrupt stays pending and does not end this
        wait (for the few waits whose outcome must be known).
        """
        return self.wait_for(timeout, shielded)

    cdef object wait_for(self, object timeout, bint shielded):
        cdef TaskCore task
        cdef double began = 0.0
        if self._woken:
            return self._value
        task = self._queue._current
        if task is None:
            raise RuntimeError("the loop itself must not wait")
        if task._interrupt is not None and not shielded:
            raise task.take_interrupt()
        self._task = task
        self.shielded = shielded
        task._waiter = self
        timer = None if timeout is None else self._queue.call_later(timeout, self._expire)
        if self.event:
            began = monotonic()
        try:
            while True:
                self._queue._hub_switch()
                if self._woken:
                    return self._value
                if task._interrupt is not None and not shielded:
                    raise task.take_interrupt()
                if self._expired:
                    raise TimeoutError
        finally:
            task._waiter = None
            self._task = None
            if timer is not None:
                timer.cancel()
            if self.event:
                task.has_waited(self._queue, self.event, monotonic() - began)

    def wake(self, value=None):
        """Puts the waiting task on the run queue; the first call counts."""
        if self._woken:
            return
        self._woken = True
        self._value = value
        if self._task is not None and not self._task._queued:
            self._queue.make_ready(self._task)

    def wake_now(self, value=None):
        """wake(), for a callback of the loop that has nothing more to do: when nobody else is ready, the task runs at
        once instead of in the loop's next round."""
        self.run_now(value)

    cdef int run_now(self, object value) except -1:
        cdef RunQueue queue = self._queue
        cdef TaskCore task = self._task
        if self._woken or task is None or task._queued or queue._current is not None or queue._scheduled:
            self.wake(value)
            return 0
        self._woken = True
        self._value = value
        try:
            queue._switch_into(task)
        finally:
            queue._current = None
        return 0

    def _expire(self):
        self._expired = True
        if self._task is not None:
            self._queue.make_ready(self._task)


cdef class Sender:
    cdef int flush(self) except -1:
        return 0

    cdef int proceed(self) except -1:
        return 0


cdef class RunQueue:
    def __init__(self, loop, hub, double slice_seconds):
        self._loop = loop
        self._hub_switch = hub.switch
        self._queue = deque()
        self._queue_append = self._queue.append
        self._resting = deque()
        self._end_of_round = self._end_round
        self._senders = []
        self._first_senders = []
        self.slice_seconds = slice_seconds
        self.waited = WaitCounts()

    def current(self):
        """The running task; None in the loop itself."""
        return self._current

    def waiter(self, int event=0):
        cdef Waiter made = Waiter.__new__(Waiter, self)
        if not 0 <= event < WAITS:
            raise ValueError(event)
        made.event = event
        return made

    def _make_ready(self, TaskCore task not None):
        self.make_ready(task)

    cdef int make_ready(self, TaskCore task) except -1:
        if task._queued or task.done:
            return 0
        task._queued = True
        self._queue_append(task)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._drain)
        return 0

    cdef int send_later(self, Sender sender) except -1:
        if not sender.queued:
            sender.queued = True
            self._senders.append(sender)
        return self.poll_for(self.spin_seconds)

    cdef int send_first(self, Sender sender) except -1:
        if not sender.queued:
            sender.queued = True
            self._first_senders.append(sender)
        return self.poll_for(0.0)

    cdef int poll_for(self, double seconds) except -1:
        cdef double until
        if seconds > 0:
            until = monotonic() + seconds
            if until > self._spin_until:
                self._spin_until = until
        if not self._round_ends:
            self._round_ends = True
            self._loop.call_soon(self._end_of_round)
        return 0

    def expect_disk(self):
        """A task is about to wait for the log: the loop polls rather than sleeps as long as that usually takes."""
        if self.spin_seconds > 0:
            self.poll_for(DISK_SPINS * self.spin_seconds)

    def _end_round(self):
        """Sends what collected in this round of the loop: a client process that waits for several answers is woken
        once. A round that has something to call does not sleep, so being called again is how to poll; whoever was woken
        on this processor goes first."""
        self._round_ends = False
        if not self.send_collected() and self.spin_seconds > 0:
            self.let_others_run()
        if self.spin_seconds > 0 and not self._round_ends and monotonic() < self._spin_until:
            self._round_ends = True
            self._loop.call_soon(self._end_of_round)
        if self._until is not None and self._until():
            self._loop.stop()

    cdef bint send_collected(self) except -1:
        """Whether there was something for a client."""
        cdef bint sent = bool(self._senders)
        if self._first_senders:
            senders, self._first_senders = self._first_senders, []
            self.flush_all(senders)
        if sent:
            senders, self._senders = self._senders, []
            self.flush_all(senders)
        return sent

    cdef int let_others_run(self) except -1:
        """Who was woken on this processor goes first; where one then works for long, it has better use for the
        processor than polling, and the loop sleeps when there is nothing to do."""
        cdef double before = monotonic()
        sched_yield()
        if monotonic() - before > BUSY_SECONDS:
            self._spin_until = 0.0
        return 0

    cdef int flush_all(self, list senders) except -1:
        cdef Sender sender
        cdef Py_ssize_t done = 0
        try:
            for sender in senders:
                done += 1
                sender.queued = False
                sender.flush()
        finally:
            for sender in senders[done:]:    # one failed: the others are not forgotten
                sender.queued = False
                self.send_later(sender)
        return 0

    def _drain(self):
        """Runs every task that is ready now; those that become ready meanwhile run in the next round, after I/O."""
        cdef Py_ssize_t count = len(self._queue)
        cdef TaskCore task
        popleft = self._queue.popleft
        try:
            while count:
                count -= 1
                task = popleft()
                task._queued = False
                self._current = task
                self._slice_end = monotonic() + self.slice_seconds
                task._switch()
        finally:
            self._current = None
            self._scheduled = False
            if self._queue:
                self._scheduled = True
                self._loop.call_soon(self._drain)
        if self._until is not None and self._until():
            self._loop.stop()

    def _switch_into(self, TaskCore task not None):
        """Runs one task until it waits or ends: for a scheduler that chooses otherwise than the queue's order."""
        task._queued = False
        self._current = task
        self._slice_end = monotonic() + self.slice_seconds
        task._switch()

    def _slice_is_over(self):
        return monotonic() > self._slice_end

    cdef int rest(self) except -1:
        """Lets others run when this task's slice is over; an interrupt stays pending."""
        cdef Waiter waiter
        if self._current is not None and self._slice_is_over():
            waiter = Waiter.__new__(Waiter, self)
            self.take_turns(waiter)
            waiter.wait_for(None, True)
        return 0

    def take_turns(self, Waiter waiter not None):
        """Wakes it when others had their turn. Of all who rest one goes on in a round of the loop, when everybody who
        has become ready has run and been answered: who asks for little waits for one slice, however many work for
        long."""
        self._resting.append(waiter)
        if len(self._resting) == 1:
            self._loop.call_soon(self._next_turn)

    def _next_turn(self):
        cdef Waiter waiter = self._resting.popleft()
        if self._resting:
            self._loop.call_soon(self._next_turn)
        if self._scheduled:
            self._drain()
        self.send_collected()
        waiter.run_now(None)
        if self._until is not None and self._until():
            self._loop.stop()

    def give_way(self):
        """Raises a pending interrupt; lets others run when this task's slice is over. Nothing outside a task."""
        cdef TaskCore task = self._current
        if task is None:
            return
        if task._interrupt is not None:
            raise task.take_interrupt()
        if self._slice_is_over():
            self.pause()
