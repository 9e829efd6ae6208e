"""One session's entry in pg_stat_activity, and a database's totals, written at every statement and so in native code.

    entry.running("SELECT 1", now_us) ... entry.idle("I")
    database.activity.ran("select", 0.0001)

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


cdef dict KINDS = {"select": RAN_SELECT, "values": RAN_SELECT, "insert": RAN_INSERT, "update": RAN_UPDATE,
                   "delete": RAN_DELETE}


cdef class DatabaseActivity:
    def ran(self, kind, double seconds):
        """A statement has come to its end."""
        self.ran_one(kind, seconds)

    cdef int ran_one(self, object kind, double seconds) except -1:
        cdef int number = KINDS[kind]
        self.counts[number] += 1
        self.seconds[number] += seconds
        return 0

    def committed(self, double seconds):
        """From COMMIT to its answer."""
        self.committed_one(seconds)

    cdef void committed_one(self, double seconds) noexcept:
        self.commits += 1
        self.commit_seconds += seconds

    def statements(self):
        """(how many, microseconds) of SELECT, INSERT, UPDATE and DELETE."""
        return [(self.counts[kind], round(self.seconds[kind] * 1e6)) for kind in range(RAN_KINDS)]
