# Waiters, tasks and the run queue. C callers: Waiter.__new__(Waiter, queue), wait_for, run_now.
from libc.stdint cimport uint64_t

cdef enum:                               # wait events: the first of aurorapy.host.waits
    WAIT_CLIENT_READ = 1
    WAIT_CLIENT_WRITE = 2
    WAIT_XACT_SYNC = 3
    WAIT_LOG_ALLOCATE = 4
    WAITS = 24                           # numbers of events are below

cdef class WaitCounts:
    """How often somebody waited for what, and how long."""
    cdef uint64_t counts[WAITS]
    cdef double seconds[WAITS]

    cdef void add(self, int event, double seconds) noexcept

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
    cdef readonly WaitCounts waited      # None: it has not waited for anything that is counted

    cdef int has_waited(self, RunQueue queue, int event, double seconds) except -1

cdef class Waiter:
    """One wait of one task, on the heap. `wake` may come before `wait`."""
    cdef RunQueue _queue
    cdef TaskCore _task
    cdef bint _woken
    cdef bint _expired
    cdef readonly bint shielded
    cdef public int event                # what is waited for; 0: it is not counted
    cdef object _value

    # wait(): switches to the loop until it is woken.
    cdef object wait_for(self, object timeout, bint shielded)
    # wake_now(): switches into the task when nobody else is ready.
    cdef int run_now(self, object value) except -1

cdef class Sender:
    """Somebody with something to send at the end of the loop's round."""
    cdef bint queued
    cdef int flush(self) except -1
    # What it waited for has happened. Must not switch.
    cdef int proceed(self) except -1

cdef class RunQueue:
    """Tasks that are ready, and the one loop callback that runs them."""
    cdef public object _loop
    cdef public object _hub_switch       # switch of the greenlet the loop runs on
    cdef public object _queue            # deque of TaskCore
    cdef object _queue_append
    cdef object _resting                 # deque of Waiter: tasks whose slice was over
    cdef public bint _scheduled
    cdef public TaskCore _current
    cdef public double _slice_end
    cdef public double slice_seconds
    cdef public double spin_seconds      # how long the loop polls after an answer before it sleeps; 0: not at all
    cdef double _spin_until
    cdef bint _round_ends                # _end_round is scheduled
    cdef object _end_of_round            # its callback
    cdef list _senders
    cdef list _first_senders
    cdef readonly WaitCounts waited      # of all tasks
    cdef public object _until            # callable or None: run_until's condition

    cdef int make_ready(self, TaskCore task) except -1
    # What it has is sent when everybody whose time had come has run; then the loop polls for a while (spin_seconds).
    cdef int send_later(self, Sender sender) except -1
    # The same before everybody else and without polling: redo, whose way to the disk is longer than an answer's.
    cdef int send_first(self, Sender sender) except -1
    cdef int let_others_run(self) except -1
    cdef bint send_collected(self) except -1
    cdef int flush_all(self, list senders) except -1
    cdef int poll_for(self, double seconds) except -1
    # Between two messages of a task: others run when its slice is over; an interrupt stays pending.
    cdef int rest(self) except -1
