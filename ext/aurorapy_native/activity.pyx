"""One session's entry in pg_stat_activity, written at every statement and so in native code.

    entry.running("SELECT 1", now_us) ... entry.idle("I")

Not here: all sessions' entries (aurorapy.activity.sessions), wait events (aurorapy.activity.waits).
"""

from libc.stdint cimport int64_t

cdef str IDLE = "idle", IN_TRANSACTION = "idle in transaction", ACTIVE = "active"
cdef str ABORTED = "idle in transaction (aborted)"


cdef class SessionActivity:
    def __init__(self, facts, int64_t now_us):
        self.facts = facts
        self.state = IDLE
        self.query = ""
        self.since = self.query_start = now_us
        self.application_name = ""

    def running(self, query, int64_t now_us):
        """A statement starts."""
        self.run(query, now_us)

    cdef void run(self, object query, int64_t now_us) noexcept:
        self.is_running = True
        self.state = ACTIVE
        self.query = query
        self.query_start = self.since = now_us

    def idle(self, str letter not None):
        """The client is waited for, with the transaction status of ReadyForQuery."""
        self.rest(letter)

    cdef void rest(self, str letter) noexcept:
        self.is_running = False
        self.state = IDLE if letter == "I" else IN_TRANSACTION if letter == "T" else ABORTED
