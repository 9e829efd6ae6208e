"""One client's bytes: what the event loop received goes to the reader and wakes the task; what collected is sent.

    data_received ──feed──▶ MessageReader          task: next_for(short)  short path ▶ general message
                   runs the task                         nothing left: send what collected, wait

Everything that came in one read is answered in one send, at the end of the loop's round: waking a client process costs
more than answering it, and one that waits for several answers is woken once. Without TLS the answer goes straight to
the socket: the transport has nothing queued then; what the socket does not take at once the transport sends when it
can.

Errors: ClientGone when the peer has closed; what the wait was interrupted with.

Not here: startup, TLS, what messages mean (aurorapy.server.connection).
"""

from aurorapy_native.outbuffer cimport OutBuffer
from aurorapy_native.short_path cimport ShortPath
from aurorapy_native.tasks cimport RunQueue, Sender, WAIT_CLIENT_READ, WAIT_CLIENT_WRITE, Waiter
from aurorapy_native.wire cimport MessageReader

cdef extern from "<sys/socket.h>" nogil:
    ssize_t c_send "send"(int, const void*, size_t, int)
    enum: MSG_NOSIGNAL
    enum: MSG_DONTWAIT

from aurorapy.errors import QueryCanceled


cdef enum:
    READ_AHEAD_BYTES = 1 << 20       # what may wait while the session is busy: then the client waits
    BULK_BYTES = 64 * 1024           # in one read (COPY, a pipeline): the loop reads on before it turns to others


class ClientGone(BaseException):
    """The peer closed; nothing can be said to it any more."""


cdef class ClientStream(Sender):
    def __cinit__(self, RunQueue tasks not None, *args):
        self.tasks = tasks
        self.reader = MessageReader()
        self.out = OutBuffer()
        self.socket = -1

    def __init__(self, tasks):
        """`tasks`: host.tasks."""

    def use_socket(self, int descriptor):
        """What is sent may go to this socket directly from now on; -1: through the transport only."""
        self.socket = descriptor
        self.behind = True

    # -- called by the event loop --------------------------------------------------------------------------------------
    def data_received(self, data):
        cdef Waiter waiter = self.waiting
        cdef bint busy = self.here is not None and self.here.committing is not None
        self.reader.feed(data)
        if not busy and waiter is not None and len(data) >= BULK_BYTES:
            self.waiting = None
            waiter.wake()
        elif not busy and self.here is not None and self.here.serve_here(self.reader):
            if self.here.committing is None:     # what came before a COMMIT goes out with its answer
                self.tasks.send_later(self)
        elif not busy and waiter is not None:
            self.waiting = None
            waiter.run_now(None)
        elif self.reader.end - self.reader.start > READ_AHEAD_BYTES and not self.reading_paused:
            self.reading_paused = True
            self.transport.pause_reading()

    cdef int proceed(self) except -1:
        """The commit is over: what came meanwhile is answered."""
        cdef Waiter waiter = self.waiting
        if self.reading_paused:
            self.reading_paused = False
            self.transport.resume_reading()
        if self.here.commit_failed is None and self.tasks._current is None and self.here.serve_here(self.reader):
            return 0 if self.here.committing is not None else self.tasks.send_later(self)
        if waiter is not None:
            self.waiting = None
            waiter.wake()
        return 0

    def wake(self):
        """Runs the task that waits for bytes; False when it does not."""
        cdef Waiter waiter = self.waiting
        if waiter is None:
            return False
        self.waiting = None
        waiter.run_now(None)
        return True

    def pause_writing(self):
        self.can_write = self.tasks.waiter(WAIT_CLIENT_WRITE)

    def resume_writing(self):
        waiter, self.can_write = self.can_write, None
        if waiter is not None:
            waiter.wake()

    # -- called by the task --------------------------------------------------------------------------------------------
    def send(self):
        """Sends what collected, without waiting."""
        self.flush()

    def drain(self):
        """Sends what collected; waits while the client does not read."""
        self.flush()
        while self.can_write is not None and not self.lost:
            self.can_write.wait()
        if self.lost:
            raise ClientGone

    cdef bint wait_for_reader(self) except -1:
        cdef Py_ssize_t had = self.reader.end - self.reader.start
        self.drain()
        return self.reader.end - self.reader.start > had

    cdef int flush(self) except -1:
        cdef ssize_t sent = 0
        if self.out.size == 0 or self.lost:
            return 0
        if self.behind and self.socket >= 0:
            self.behind = self.transport.get_write_buffer_size() != 0
        if self.socket >= 0 and not self.behind:
            sent = c_send(self.socket, self.out.buffer, self.out.size, MSG_NOSIGNAL | MSG_DONTWAIT)
            if sent == self.out.size:
                self.out.empty()
                return 0
            sent = max(sent, 0)              # a failure is the transport's to find and report
            self.behind = True
        self.transport.write(self.out.take()[sent:])
        return 0

    def wait_for_more(self, timeout=None):
        """Returns when bytes have arrived; TimeoutError after `timeout` seconds."""
        self.wait_for_bytes(timeout)

    cdef int wait_for_bytes(self, object timeout) except -1:
        cdef Waiter waiter
        if self.lost:
            raise ClientGone
        waiter = self.waiting = Waiter.__new__(Waiter, self.tasks)
        waiter.event = WAIT_CLIENT_READ
        if self.reading_paused:
            self.reading_paused = False
            self.transport.resume_reading()
        try:
            waiter.wait_for(timeout, False)
        finally:
            self.waiting = None
        if self.lost:
            raise ClientGone
        return 0

    def next_message(self):
        """The next message, for who is in the middle of something (COPY); what collected is sent before waiting for
        it."""
        while True:
            message = self.reader.next()
            if message is not None:
                return message
            self.flush()
            if self.can_write is None or not self.wait_for_reader():
                self.wait_for_bytes(None)

    def next_for(self, ShortPath short not None):
        """The next message that is not the short path's, which meanwhile answers what is; idle while there is none."""
        while True:
            short.serve(self.reader)
            message = self.reader.next()
            if message is not None:
                return message
            self.idle(short)

    cdef int wait_for_client(self, ShortPath short) except -1:
        """Bytes have come, or a commit is over and the rest is the task's. A cancel comes too late during a commit, and
        for a row that only wants its index entries."""
        while True:
            try:
                self.wait_for_bytes(None)
            except QueryCanceled:
                if short.committing is None and short.unfinished is None:
                    raise
            if short.committing is None:
                return 0

    cdef int idle(self, ShortPath short) except -1:
        """Sends everything and waits for the client, under the idle timeouts."""
        cdef bint timed
        short.before_idle()
        short.drop_late_interrupt()
        self.tasks.send_later(self)
        timed = short.start_idle()
        if not timed and self.can_write is None:
            self.here, short.stream = short, self
        try:
            if self.can_write is None or not self.wait_for_reader():
                self.wait_for_client(short)
        except BaseException:
            short.leave_commit()
            raise
        finally:
            self.here = None
            if timed:
                short.end_idle()
        return short.settle()
