"""The short path of a session: what most clients send most of the time, answered without the general machinery.

    Bind, Describe, Execute, Sync of a statement with a program (aurorapy_native.point), of BEGIN, COMMIT and ROLLBACK,
    of any SELECT that only reads; a Query whose text without literals is a statement with a program

A message is taken whole or not at all; what is not taken finds everything as if this path did not exist: `serve` then
hands its portal over and returns, and the connection gives the message to session.extended or session.simple.

    Bind      parameters to a tuple, the statement remembered: the unnamed portal
    Execute   read alone: no transaction, no lock held, for nothing switches between the look at the lock table, the
              snapshot and the row; in a block: its locks, its snapshot, PointProgram.change
              a SELECT without a program: its locks, its snapshot, its plan's code
    Sync      ReadyForQuery, when there is no implicit transaction to commit

What it cannot do: a lock that is not free, a page that is not in the pool (for a read alone), a row that another
transaction is changing, long values, failed blocks, row limits, named portals, roles whose privileges were not checked.

While its task waits for the client, what needs no wait is answered on the loop's own stack (serve_here), without a
switch: reads of one row, also in simple mode, BEGIN, changes of one row in a block, and a block's COMMIT, whose answer
goes out when the VDL has passed it: until then nothing of the session's is answered. A change that finds in its middle
that it has to wait (a page of an index is not there) is finished by the task.

Errors: those of statements are reported and make the rest wait for Sync, as in session.extended; FatalError passes.

Not here: anything general (`aurorapy.session`), reading from the socket (`aurorapy.server.connection`).
"""

from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int16_t, uint8_t
from libc.string cimport memchr

from aurorapy_native.activity cimport DatabaseActivity, SessionActivity
from aurorapy_native.block cimport BlockCore
from aurorapy_native.clock cimport monotonic
from aurorapy_native.locks cimport LockTable, TransactionCore, TransactionEnd
from aurorapy_native.outbuffer cimport OutBuffer, RowEncoder
from aurorapy_native.params cimport ParamReader
from aurorapy_native.point cimport POINT_BEGUN, POINT_DONE, POINT_UNABLE, PointProgram, Unfinished
from aurorapy_native.statement cimport StatementCore
from aurorapy_native.tasks cimport RunQueue, TaskCore, WAIT_XACT_SYNC
from aurorapy_native.visibility cimport Snapshot, TransactionStatus
from aurorapy_native.wire cimport Message, MessageReader, get16, get32

from aurorapy.errors import FatalError, QueryCanceled
from aurorapy_native.block import FAILED, IDLE, IMPLICIT, OPEN
from aurorapy_native.lexer import fingerprint
from aurorapy_native.retry import Retry
from aurorapy_native.volume import again

DRAIN_BYTES = 128 * 1024
cdef Py_ssize_t LARGE = DRAIN_BYTES
cdef Py_ssize_t KEPT_TAGS = 1000
cdef Py_ssize_t LOOKED_AT = 500      # a longer text is not read on the loop's stack, where it may be for nothing

cdef str _IDLE = IDLE, _OPEN = OPEN, _FAILED = FAILED

BEGIN, COMMIT, ROLLBACK = "begin", "commit", "rollback"               # what PreparedStatement.control may say
_CONTROLS = {"BEGIN": BEGIN, "BEGIN;": BEGIN, "COMMIT": COMMIT, "COMMIT;": COMMIT, "END": COMMIT, "END;": COMMIT,
             "ROLLBACK": ROLLBACK, "ROLLBACK;": ROLLBACK}
cdef dict CONTROLS = _CONTROLS
cdef dict CONTROL_QUERIES = {text.encode() + b"\0": control for text, control in _CONTROLS.items()}
cdef Py_ssize_t LONGEST_CONTROL = max(map(len, CONTROL_QUERIES))

cdef tuple NO_FORMATS = (), TEXT_FORMAT = (0,), BINARY_FORMAT = (1,)
cdef bytes READY_IDLE = b"Z\0\0\0\x05I", READY_OPEN = b"Z\0\0\0\x05T"
cdef bytes BIND_COMPLETE = b"2\0\0\0\x04", NO_DATA = b"n\0\0\0\x04"


def tag_message(str tag):
    """CommandComplete, whole."""
    body = tag.encode() + b"\0"
    return b"C" + (len(body) + 4).to_bytes(4, "big") + body


cdef dict TAGS = {      # by kind: of no row, of one
    kind: (tag_message(f"{tag} 0"), tag_message(f"{tag} 1"))
    for kind, tag in (("select", "SELECT"), ("insert", "INSERT 0"), ("update", "UPDATE"), ("delete", "DELETE"))
}
cdef dict SELECT_TAGS = {}      # by the number of rows
cdef dict CONTROL_TAGS = {name: tag_message(name.upper()) for name in (BEGIN, COMMIT, ROLLBACK)}


cdef bytes select_tag(Py_ssize_t count):
    tag = SELECT_TAGS.get(count)
    if tag is None:
        tag = tag_message(f"SELECT {count}")
        if count <= KEPT_TAGS:
            SELECT_TAGS[count] = tag
    return tag


cdef class SessionCommit(TransactionEnd):
    cpdef int passed(self, object error) except -1:
        TransactionEnd.passed(self, error)
        self.error = error
        if self.short is not None:
            self.short.commit_over(self)
        return 0


cdef class ShortPath:
    def __init__(self, session, OutBuffer out not None):
        """`session`: a Session whose parts are there already."""
        instance = session.instance
        self.session = session
        self.block = session.block
        self.opener = session.opener
        self.catalog = session.catalog
        self.settings = session.settings
        self.facts = session.facts
        self.activity = session.activity
        self.totals = session.database.activity
        self.timeouts = session.timeouts
        self.evaluation, self.wall_us = session.eval, session.eval.wall_us
        self.portals = session.portals
        self.prepared = session.prepared
        self.open_tables = instance.open_tables
        self.open_table = instance.table
        self.notifications = instance.channels.pending
        self.locks = instance.txns.locks.table
        self.status = instance.txns.status
        self.volume = instance.volume
        self.tasks = instance.host.tasks
        self.out = out

    cdef int serve(self, MessageReader reader) except -1:
        """Takes messages as long as it can; the next one, if any, is the general way's."""
        cdef Message message
        cdef int taken = 0
        while not self.skipping and not self.closed and reader.peek(&message):
            try:
                if not self.take(&message):
                    break
                reader.skip(&message)
            except FatalError:
                raise
            except Exception as error:
                reader.skip(&message)
                self.failed(error, &message)
            if self.out.size >= LARGE:
                self.session.output.drain()
            taken += 1
            if taken & 127 == 0:
                self.tasks.rest()
        if self.statement is not None and reader.buffered:
            self.hand_over()
        return 0

    cdef bint serve_here(self, MessageReader reader) except -1:
        """What waits for nothing. What fails, or would have to wait, is left as it was: the task meets it again."""
        cdef Message message
        cdef Py_ssize_t mark
        if self.unfinished is not None:
            return False
        self.on_loop = True
        try:
            while reader.peek(&message):
                mark = self.out.size
                if self.skipping or self.closed or mark >= LARGE or not self.needs_no_wait(&message) or \
                        not self.take(&message):
                    return False
                reader.skip(&message)
                if self.committing is not None:
                    return True
                if self.unfinished is not None:
                    self.unfinished_letter = message.letter
                    return False
        except Exception:
            self.out.cut(mark)
            return False
        finally:
            self.on_loop = False
        self.before_idle()
        return True

    cdef bint needs_no_wait(self, Message* message) except -1:
        """Could the message be answered without waiting, and done again if not?"""
        if message.letter == c"Q":
            return self.query_needs_no_wait(message)
        if message.letter != c"E":
            return (message.letter == c"S" or message.letter == c"D"
                    or (message.letter == c"B" and not self.portals.by_name))
        return self.statement is not None and self.statement_needs_no_wait()

    cdef bint query_needs_no_wait(self, Message* message) except -1:
        """Of a text that may be a statement with a program `query` knows more."""
        cdef object control
        if message.length <= LONGEST_CONTROL:
            control = CONTROL_QUERIES.get(message.body[:message.length])
            if control is not None:
                return self.control_needs_no_wait(control)
        return message.length <= LOOKED_AT and (self.block.state == _OPEN or message.body[0] | 0x20 == c"s")

    cdef bint statement_needs_no_wait(self) except -1:
        cdef object state = self.block.state
        if self.program is None:
            return self.control_needs_no_wait(self.statement.control)
        if self.program.kind == "select":
            return state == _OPEN or (state == _IDLE and self.settings.reads_alone)
        return state == _OPEN and self.program.calm

    cdef bint control_needs_no_wait(self, object control) except -1:
        if control is BEGIN:
            return self.block.state == _IDLE
        return control is COMMIT and self.block.state == _OPEN

    cdef int before_idle(self) except -1:
        self.activity.rest(self.block.status_letter())
        if self.notifications:
            self.session.hear()
        return 0

    cdef int drop_late_interrupt(self) except -1:
        """What has come since the last statement looked."""
        if (<TaskCore> self.session.task)._interrupt is not None:
            self.session.interrupted_late()
        return 0

    cdef bint start_idle(self) except -1:
        if not self.settings.idle_session_timeout and not self.settings.idle_in_transaction_timeout:
            return False
        self.timeouts.start_idle()
        return True

    cdef int end_idle(self) except -1:
        self.timeouts.end_idle()
        return 0

    cdef int take(self, Message* message) except -1:
        cdef uint8_t letter = message.letter
        if letter == c"B":
            return self.bind(message)
        if letter == c"S":
            return message.length == 0 and self.sync()
        if letter == c"Q":
            return self.query(message)
        if self.statement is None:
            return 0
        if letter == c"D":
            return self.describe(message)
        if letter == c"E":
            return self.execute(message)
        return 0

    cdef int failed(self, object error, Message* message) except -1:
        self.statement = None
        self.params = None
        self.skipping = message.letter != c"Q" and message.letter != c"S"
        self.session.report_error(error)
        if not self.skipping:
            self.session.ready()
        return 0

    # -- messages ------------------------------------------------------------------------------------------------------
    cdef int bind(self, Message* message) except -1:
        cdef const uint8_t* at = message.body
        cdef const uint8_t* end = at + message.length
        cdef const uint8_t* zero
        cdef StatementCore statement
        cdef tuple formats, params
        cdef ParamReader reader
        cdef int n
        if message.length < 8 or at[0] != 0:
            return 0                                     # a named portal
        at += 1
        zero = <const uint8_t*> memchr(at, 0, end - at)
        if zero == NULL:
            return 0
        try:
            statement = self.prepared.get(PyUnicode_DecodeUTF8(<const char*> at, zero - at, NULL))
        except UnicodeDecodeError:
            return 0
        if statement is None or not self.usable(statement):
            return 0
        at = zero + 1
        formats = read_formats(&at, end)
        if formats is None:
            return 0
        reader = statement.readers.get(formats)
        if reader is None:
            reader = self.session.output.param_reader(statement, formats)
            if reader is None:
                return 0
        params = reader.read(at, end, &at)
        if params is None:
            return 0
        formats = read_formats(&at, end)
        if formats is None or at != end:
            return 0
        if statement.columns is None:
            formats = NO_FORMATS
        elif len(formats) > 1 and len(formats) != len(statement.columns):
            return 0
        if self.portals.by_name:
            self.portals.close("")
        self.statement = statement
        self.program = statement.program
        self.params = params
        self.formats = formats
        self.executed = False
        return self.out.put_bytes(BIND_COMPLETE) + 1

    cdef bint usable(self, StatementCore statement) except -1:
        """Is it of this path's kind, and does its plan hold?"""
        if self.block.state == _FAILED:
            return False
        if statement.program is None and not statement.reads:
            return statement.control is not None
        return self.plan_holds(statement)

    cdef bint plan_holds(self, StatementCore statement) except -1:
        cdef tuple validity = statement.validity
        if validity is None or not self.catalog.stand(validity):
            return False
        return self.facts.is_superuser or statement.allowed_to == self.facts.current_oid

    cdef int describe(self, Message* message) except -1:
        if message.length != 2 or message.body[0] != c"P" or message.body[1] != 0:
            return 0
        return self.put_description() + 1

    cdef int execute(self, Message* message) except -1:
        if message.length != 5 or message.body[0] != 0 or get32(message.body + 1) != 0 or self.executed:
            return 0
        if self.settings.statement_timeout:
            return 0
        self.begin_statement(self.statement.text)
        return self.run()

    cdef int sync(self) except -1:
        cdef object state = self.block.state
        if self.out.unreported:
            return 0
        if state == _OPEN:
            return self.out.put_bytes(READY_OPEN) + 1
        if state != _IDLE or (self.notifications and self.session in self.notifications):
            return 0
        self.statement = None
        return self.out.put_bytes(READY_IDLE) + 1

    cdef int query(self, Message* message) except -1:
        cdef object text, found, state = self.block.state
        cdef Py_ssize_t length = message.length - 1
        if state == _FAILED or self.settings.statement_timeout:
            return 0
        if length < 3 or memchr(message.body, 0, message.length) != message.body + length:
            return 0
        try:
            text = PyUnicode_DecodeUTF8(<const char*> message.body, length, NULL)
        except UnicodeDecodeError:
            return 0
        self.statement = None
        self.formats = NO_FORMATS
        control = CONTROLS.get(text)
        if control is not None:
            if state != (_IDLE if control is BEGIN else _OPEN):
                return 0                                 # the general way has something to say about that
            self.forget_unnamed()
            self.begin_statement(text)
            if not self.control_by(control, c"Q"):
                return 0
            if self.committing is not None:
                return 1
        else:
            found = self.session.simple.text_plans.find_program(text)
            if found is None:
                return 0
            self.statement, self.params = found
            self.program = self.statement.program
            if not self.usable(self.statement) or (self.on_loop and not self.statement_needs_no_wait()):
                self.statement = None
                return 0
            self.forget_unnamed()
            self.begin_statement(text)
            if not self.run_described():
                self.statement = None
                return 0
            self.statement = None
            if self.unfinished is not None:
                return 1
            if self.block.state == IMPLICIT:
                self.commit_before_tag()
        if not self.sync():
            self.session.ready()
        return 1

    cdef int commit_before_tag(self) except -1:
        """A commit that fails takes the place of the tag."""
        tag = self.out.since(self.tag_at)
        self.out.cut(self.tag_at)
        self.block.finish_implicit()
        return self.put_tag(tag)

    cdef int forget_unnamed(self) except -1:
        """A Query ends the unnamed portal and the unnamed statement."""
        if self.portals.by_name:
            self.portals.close("")
        self.prepared.pop("", None)
        return 0

    cdef int run_described(self) except -1:
        """run(), with the row's description before it."""
        cdef Py_ssize_t mark = self.out.size
        if self.program.kind == "select":
            self.put_description()
        if self.run():
            return 1
        self.out.cut(mark)
        return 0

    # -- running -------------------------------------------------------------------------------------------------------
    cdef int begin_statement(self, object text) except -1:
        now = self.evaluation.statement_us = self.wall_us()
        self.began = monotonic()
        self.activity.run(text, now)
        return 0

    cdef int run(self) except -1:
        """1: the statement is done and its rows and tag are in the buffer; 0: nothing has happened."""
        cdef object state
        if self.program is None and not self.statement.reads:
            return self.control_by(self.statement.control, c"E")
        state = self.block.state
        if state == _IDLE:
            if self.program is not None and self.program.kind == "select" and self.settings.reads_alone:
                return self.read_alone()
            self.block.start_statement()
        if self.program is None:
            return self.run_rows(self.block.transaction)
        return self.run_in(self.block.transaction)

    cdef int control_by(self, object control, uint8_t letter) except -1:
        cdef BlockCore block = self.block
        if control is BEGIN:
            if block.state != _IDLE:
                return 0
            if not block.begin_plain():
                block.begin({})
            self.executed = True
        elif block.state != _OPEN:
            return 0
        elif self.on_loop:
            return self.commit_here(letter)
        else:
            block.commit() if control is COMMIT else block.rollback()
            self.statement = None
        return self.put_tag(CONTROL_TAGS[control]) + 1

    # -- COMMIT without a switch ---------------------------------------------------------------------------------------
    cdef int commit_here(self, uint8_t letter) except -1:
        """0: it needs more than its record in the log."""
        cdef TransactionCore transaction = self.block.transaction
        cdef SessionCommit commit
        if self.portals.by_name or transaction.before_commit or transaction.after_commit or \
                not self.settings.waits_for_commit or self.volume.failure is not None:
            return 0
        if transaction.ids.top == 0 and not transaction.notes:
            transaction.ended("committed")
            return self.committed() + 1
        commit = SessionCommit.__new__(SessionCommit)
        commit.short, commit.letter = self, letter
        commit.began = monotonic()
        transaction.commit_soon(self.volume, commit)
        self.committing = commit
        return 1

    cdef int committed(self) except -1:
        self.block.transaction = None
        self.block.committed()
        self.statement = None
        self.executed = True
        return self.put_tag(CONTROL_TAGS[COMMIT])

    cdef int commit_over(self, SessionCommit commit) except -1:
        cdef TaskCore task = self.session.task
        cdef double took = monotonic() - commit.began
        self.committing = None
        task.has_waited(self.tasks, WAIT_XACT_SYNC, took)
        if commit.error is None:
            self.totals.committed_one(took)
        if isinstance(task._interrupt, QueryCanceled):      # too late
            task._interrupt = None
        if commit.error is not None:
            self.commit_failed = commit
        else:
            self.committed()
            if commit.letter == c"Q" and not self.sync():
                self.session.ready()
        return self.stream.proceed()

    cdef int settle(self) except -1:
        cdef SessionCommit commit = self.commit_failed
        cdef Message message
        if self.unfinished is not None:
            self.finish_change()
        if commit is None:
            return 0
        self.commit_failed = None
        self.block.transaction_lost()
        error = again(commit.error)
        if isinstance(error, FatalError):
            raise error
        message.letter = commit.letter
        return self.failed(error, &message)

    cdef int finish_change(self) except -1:
        """Ends the statement whose row was changed on the loop's stack."""
        cdef Unfinished unfinished = self.unfinished
        cdef Message message
        self.unfinished = None
        message.letter = self.unfinished_letter
        try:
            unfinished.finish()
            self.finish(True)
            unfinished.transaction.end_command()
            if message.letter == c"Q" and not self.sync():
                self.session.ready()
        except FatalError:
            raise
        except Exception as error:
            self.failed(error, &message)
        return 0

    cdef int leave_commit(self) except -1:
        if self.committing is not None:
            self.committing.short = None
            self.committing = None
        return 0

    cdef int read_alone(self) except -1:
        if self.opener.last_commit > self.status.vdl or not self.take_locks(None):
            return 0
        if not self.program.open(self.open_tables, self.open_table):
            return 0
        return self.read_row(self.status.take(None, None, 0))

    cdef int run_in(self, TransactionCore transaction) except -1:
        cdef Snapshot snapshot
        cdef bint reads = self.program.kind == "select"
        if (transaction.read_only and not reads) or not self.take_locks(transaction):
            return 0
        if not self.program.open(self.open_tables, self.open_table):
            return 0
        snapshot = transaction.take_snapshot()
        self.block.snapshot_taken = True
        if not (self.read_row(snapshot) if reads else self.change_row(transaction, snapshot)):
            return 0
        if self.unfinished is None:
            transaction.end_command()
        return 1

    cdef bint take_locks(self, TransactionCore transaction) except -1:
        """The tables' locks, which must be free; without a transaction a look is enough, for nothing switches before
        the row is read. Others may have run since Bind: does the plan still hold?"""
        for key, mode in self.statement.lock_keys:
            if transaction is None:
                if not self.locks.is_free(key, mode):
                    return False
            elif not self.locks.acquire(transaction, key, mode):
                return False
        return self.plan_holds(self.statement)

    cdef int read_row(self, Snapshot snapshot) except -1:
        cdef bint external = False
        cdef tuple row
        try:
            row = self.program.read(self.params, snapshot, &external)
        except Retry:
            return 0
        finally:
            snapshot.release()
        if external:
            return 0
        self.put_row(row)
        return self.finish(row is not None)

    cdef int change_row(self, TransactionCore transaction, Snapshot snapshot) except -1:
        cdef int outcome
        if self.on_loop:
            outcome = self.program.change_here(transaction, snapshot, self.params, self.evaluation)
        else:
            outcome = self.program.change(transaction, snapshot, self.params, self.evaluation)
        snapshot.release()
        if outcome == POINT_BEGUN:
            self.unfinished, self.program.left = self.program.left, None
            return 1
        return 0 if outcome == POINT_UNABLE else self.finish(outcome == POINT_DONE)

    cdef int run_rows(self, TransactionCore transaction) except -1:
        """A SELECT of any number of rows, by its plan's own code. Once it has its locks it runs to its end here; others
        may run in between."""
        cdef Snapshot snapshot
        cdef object rows
        cdef RowEncoder encoder
        if not self.take_locks(transaction):
            return 0
        encoder = self.statement.encoders.get(self.formats)
        if encoder is None:
            encoder = self.session.output.encoder_for(self.statement, self.formats)
        snapshot = transaction.snapshot()
        self.block.snapshot_taken = True
        try:
            rows = self.statement.executable.run(self.session.exec_context(transaction, snapshot, self.params))
            count = self.session.output.send_all(rows, encoder)
        finally:
            snapshot.release()
        transaction.next_command()
        self.executed = True
        self.totals.ran_one("select", monotonic() - self.began)
        return self.put_tag(select_tag(count)) + 1

    cdef int finish(self, bint done) except -1:
        self.executed = True
        self.totals.ran_one(self.program.kind, monotonic() - self.began)
        return self.put_tag((<tuple> TAGS[self.program.kind])[1 if done else 0]) + 1

    # -- answers -------------------------------------------------------------------------------------------------------
    cdef int put_tag(self, bytes tag) except -1:
        self.tag_at = self.out.size
        return self.out.put_bytes(tag)

    cdef int put_description(self) except -1:
        if self.statement.columns is None:
            return self.out.put_bytes(NO_DATA)
        body = self.statement.descriptions.get(self.formats)
        if body is None:
            self.session.output.describe_result(self.statement, list(self.formats))
            return 0
        return self.out.put_bytes(body)

    cdef int put_row(self, tuple row) except -1:
        cdef RowEncoder encoder
        if row is None:
            return 0
        encoder = self.statement.encoders.get(self.formats)
        if encoder is None:
            encoder = self.session.output.encoder_for(self.statement, self.formats)
        return self.out._row(row, encoder)

    cdef int hand_over(self) except -1:
        """The unnamed portal becomes a general one."""
        cdef StatementCore statement = self.statement
        cdef tuple params = self.params
        self.statement = None
        self.params = None
        if self.block.state != _FAILED:
            self.session.take_portal(statement, params, list(self.formats), self.executed)
        return 0


cdef tuple read_formats(const uint8_t** at, const uint8_t* end):
    """Format codes as Bind has them, None when they are not 0 and 1."""
    cdef int count, i
    cdef const uint8_t* p = at[0]
    if end - p < 2:
        return None
    count = get16(p)
    p += 2
    if end - p < 2 * count:
        return None
    at[0] = p + 2 * count
    if count == 0:
        return NO_FORMATS
    for i in range(count):
        if get16(p + 2 * i) > 1:
            return None
    if count == 1:
        return BINARY_FORMAT if get16(p) else TEXT_FORMAT
    return tuple([<int> get16(p + 2 * i) for i in range(count)])
