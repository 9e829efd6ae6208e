"""The part of tasks that every wait goes through: waiters, the run queue, the switch. `aurorapy.host.tasks` explains it.

    waiter.wait()  ──▶ hub.switch() … _drain: task.greenlet.switch() ──▶ returns wake()'s value

Waiters and tasks are objects on the heap; no address of a C local is visible to anybody else across a switch, and no
frame between two switches is noexcept or without the GIL.

Not here: spawning, sleeping, timeouts' timers, tests' ways to drive the loop (`aurorapy.host.tasks`).
"""
from collections import deque

cdef extern from "<time.h>" nogil:
    struct timespec:
        long tv_sec
        long tv_nsec
    int clock_gettime(int, timespec*)
    enum: CLOCK_MONOTONIC


cdef inline double monotonic() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec + now.tv_nsec * 1e-9


cdef class TaskCore:
    """What the run queue needs of a task."""
    cdef public object name
    cdef public bint done
    cdef public object result
    cdef public object error
    cdef public object locals            # whatever the task's owner wants to find again through Tasks.current()
    cdef public object _switch           # its greenlet's switch
    cdef public Waiter _waiter           # the wait it is in, None while it runs or is ready
    cdef public object _interrupt
    cdef public bint _queued

    def pending_interrupt(self):
        return self._interrupt

    def clear_interrupt(self):
        self._interrupt = None

    def take_interrupt(self):
        """The pending interrupt, which thereby counts as delivered."""
        error, self._interrupt = self._interrupt, None
        return error


cdef class Waiter:
    """One wait of one task, on the heap. `wake` may come before `wait`."""
    cdef RunQueue _queue
    cdef TaskCore _task
    cdef bint _woken
    cdef bint _expired
    cdef readonly bint shielded
    cdef object _value

    def __cinit__(self, RunQueue queue not None):
        self._queue = queue

    def wait(self, timeout=None, bint shielded=False):
        """Switches to the loop until `wake`; returns its value at once when it came already.

        timeout: seconds, TimeoutError after them. shielded: the task's interrupt stays pending and does not end this
        wait (for the few waits whose outcome must be known).
        """
        cdef TaskCore task
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
        cdef RunQueue queue = self._queue
        cdef TaskCore task = self._task
        if self._woken or task is None or task._queued or queue._current is not None or queue._scheduled:
            self.wake(value)
            return
        self._woken = True
        self._value = value
        try:
            queue._switch_into(task)
        finally:
            queue._current = None

    def _expire(self):
        self._expired = True
        if self._task is not None:
            self._queue.make_ready(self._task)


cdef class RunQueue:
    """Tasks that are ready, and the one loop callback that runs them."""
    cdef public object _loop
    cdef public object _hub_switch       # switch of the greenlet the loop runs on
    cdef public object _queue            # deque of TaskCore
    cdef object _queue_append
    cdef public bint _scheduled
    cdef public TaskCore _current
    cdef public double _slice_end
    cdef public double slice_seconds
    cdef public object _until            # callable or None: run_until's condition

    def __init__(self, loop, hub, double slice_seconds):
        self._loop = loop
        self._hub_switch = hub.switch
        self._queue = deque()
        self._queue_append = self._queue.append
        self.slice_seconds = slice_seconds

    def current(self):
        """The running task; None in the loop itself."""
        return self._current

    def waiter(self):
        return Waiter.__new__(Waiter, self)

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

    def give_way(self):
        """Raises a pending interrupt; lets others run when this task's slice is over. Nothing outside a task."""
        cdef TaskCore task = self._current
        if task is None:
            return
        if task._interrupt is not None:
            raise task.take_interrupt()
        if self._slice_is_over():
            self.pause()
