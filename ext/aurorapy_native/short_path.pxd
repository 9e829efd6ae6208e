# The short path of one session: messages about statements on one row, BEGIN and COMMIT.
from libc.stdint cimport uint8_t
from aurorapy_native.activity cimport DatabaseActivity, SessionActivity
from aurorapy_native.block cimport BlockCore, Opener, SettingsCore
from aurorapy_native.locks cimport LockTable, TransactionCore, TransactionEnd
from aurorapy_native.outbuffer cimport OutBuffer
from aurorapy_native.point cimport PointProgram, Unfinished
from aurorapy_native.statement cimport PortalsCore, StatementCore
from aurorapy_native.tasks cimport RunQueue, Sender
from aurorapy_native.versions cimport SessionVersions
from aurorapy_native.visibility cimport Snapshot, TransactionStatus
from aurorapy_native.volume cimport VolumeCore
from aurorapy_native.wire cimport Message, MessageReader

cdef class SessionCommit(TransactionEnd):
    """A COMMIT whose answer goes out when the VDL has passed it, without a task that waits for it."""
    cdef ShortPath short             # None: the session has left, only the transaction is to be ended
    cdef uint8_t letter              # of the message that said it
    cdef object error                # why its outcome is not known
    cdef double began

cdef class ShortPath:
    cdef object session
    cdef BlockCore block             # session.block.TransactionBlock
    cdef Opener opener
    cdef SessionVersions catalog     # they tell whether a plan still holds
    cdef SettingsCore settings
    cdef object facts
    cdef SessionActivity activity
    cdef DatabaseActivity totals     # of the session's database
    cdef double began                # the statement, by the clock of waits
    cdef object timeouts
    cdef object evaluation
    cdef object wall_us              # the clock
    cdef PortalsCore portals         # session.portals.Portals: the general ones
    cdef dict prepared               # the session's statements by name
    cdef dict open_tables
    cdef object open_table
    cdef dict notifications          # by session: who has some waiting
    cdef LockTable locks
    cdef TransactionStatus status
    cdef OutBuffer out
    cdef bint on_loop                # in serve_here: what would have to wait is left to the task
    cdef public bint skipping        # after an error, until Sync
    cdef public bint closed          # every message is the general way's
    cdef VolumeCore volume
    cdef RunQueue tasks
    cdef Sender stream               # the client's: proceeds when `committing` is over
    cdef SessionCommit committing    # nothing is answered before it is
    cdef SessionCommit commit_failed # for the task to report
    cdef Unfinished unfinished       # for the task to finish, and to answer, before anything else
    cdef uint8_t unfinished_letter   # of the message that asked for it
    # The unnamed portal while it is this path's own.
    cdef readonly StatementCore statement    # PreparedStatement; None: there is no such portal
    cdef PointProgram program        # None: BEGIN and its like, or a plan that only reads
    cdef tuple params
    cdef tuple formats               # of the result
    cdef bint executed
    cdef Py_ssize_t tag_at           # where in `out` the last tag begins

    # The client is about to be waited for; start_idle: True when a timer runs, to be ended by end_idle.
    cdef int before_idle(self) except -1
    cdef int drop_late_interrupt(self) except -1
    cdef bint start_idle(self) except -1
    cdef int end_idle(self) except -1

    # 1: the message was answered; 0: it is the general way's.
    cdef int serve(self, MessageReader reader) except -1
    # serve() on the loop's own stack, where nothing may wait. True: nothing is left for the task to do.
    cdef bint serve_here(self, MessageReader reader) except -1
    cdef bint needs_no_wait(self, Message* message) except -1
    cdef bint query_needs_no_wait(self, Message* message) except -1
    cdef bint statement_needs_no_wait(self) except -1
    cdef bint control_needs_no_wait(self, object control) except -1
    cdef int take(self, Message* message) except -1
    cdef int bind(self, Message* message) except -1
    cdef int describe(self, Message* message) except -1
    cdef int execute(self, Message* message) except -1
    cdef int sync(self) except -1
    cdef int query(self, Message* message) except -1

    cdef bint usable(self, StatementCore statement) except -1
    cdef bint plan_holds(self, StatementCore statement) except -1
    cdef int commit_before_tag(self) except -1
    cdef int forget_unnamed(self) except -1
    cdef int run(self) except -1
    cdef int control_by(self, object control, uint8_t letter) except -1
    cdef int commit_here(self, uint8_t letter) except -1
    cdef int committed(self) except -1
    cdef int commit_over(self, SessionCommit commit) except -1
    # The task that waits for the client goes on: reports a commit that failed, finishes what the loop could not;
    # leave_commit: it will not come back.
    cdef int settle(self) except -1
    cdef int leave_commit(self) except -1
    cdef int finish_change(self) except -1
    cdef int run_described(self) except -1
    cdef int begin_statement(self, object text) except -1
    cdef int finish(self, bint done) except -1
    cdef int read_alone(self) except -1
    cdef int run_in(self, TransactionCore transaction) except -1
    cdef bint take_locks(self, TransactionCore transaction) except -1
    cdef int read_row(self, Snapshot snapshot) except -1
    cdef int change_row(self, TransactionCore transaction, Snapshot snapshot) except -1
    cdef int run_rows(self, TransactionCore transaction) except -1
    cdef int put_description(self) except -1
    cdef int put_row(self, tuple row) except -1
    cdef int put_tag(self, bytes tag) except -1
    cdef int hand_over(self) except -1
    cdef int failed(self, object error, Message* message) except -1
