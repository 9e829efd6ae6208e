"""A session's transaction block natively: what every BEGIN and COMMIT without options does.

    begin_plain()  idle ▶ Opener.open: a Transaction with the defaults ▶ open
    committed()    open ▶ cursors close, SET LOCAL is taken back ▶ idle

The states and all that is rarer (savepoints, failed blocks, options) are aurorapy.session.block's, whose class is
BlockCore's heir; the settings' are aurorapy.session.settings'.

Errors: none of its own.

Not here: the commit itself (aurorapy_native.short_path, aurorapy.txn.transaction).
"""
from aurorapy_native.locks cimport ManagerCore, TransactionCore
from aurorapy_native.versions cimport SessionVersions
from aurorapy_native.volume cimport VolumeCore

IDLE, IMPLICIT, OPEN, FAILED = "idle", "implicit", "open", "failed"   # states of a transaction block
cdef str _IDLE = IDLE, _OPEN = OPEN, _FAILED = FAILED
cdef str LETTER_IDLE = "I", LETTER_OPEN = "T", LETTER_FAILED = "E"
cdef str ISOLATION = "transaction_isolation", READ_ONLY = "transaction_read_only"
cdef str DEFERRABLE = "transaction_deferrable"


cdef class SettingsCore:
    def commit(self):
        """Keeps what SET did, takes back what SET LOCAL did."""
        self.committed()

    cdef int committed(self) except -1:
        if self._undo:
            self.settle_undo()
        self.in_transaction = False
        return 0


cdef class Opener:
    def __init__(self, instance, session):
        """`session`: a Session with its settings, catalog and evaluation context."""
        self.manager, self.volume = instance.txns, instance.volume
        self.settings, self.catalog, self.evaluation = session.settings, session.catalog, session.eval
        self.database, self.pid = session.database.oid, session.facts.pid

    def __call__(self, str isolation not None, bint read_only, bint deferrable):
        """A transaction that begins now."""
        return self.open(isolation, read_only)

    cdef TransactionCore open(self, str isolation, bint read_only):
        cdef TransactionCore transaction = self.manager.kind(
            self.manager, self.manager.status, isolation, read_only or self.volume.follows, False, self.last_commit)
        cdef object now = self.evaluation.statement_us or self.evaluation.wall_us()
        transaction.database = self.database
        transaction.pid = self.pid
        transaction.lock_timeout = self.settings.lock_timeout_s
        self.evaluation.transaction_us = now
        self.evaluation.type_context.now_us = now
        self.catalog.begun()
        if self.on_begin is not None:
            self.on_begin(transaction)
        return transaction


cdef class BlockCore:
    @property
    def letter(self):
        """The status in ReadyForQuery."""
        return self.status_letter()

    cdef str status_letter(self):
        if self.state == _OPEN:
            return LETTER_OPEN
        return LETTER_FAILED if self.state == _FAILED else LETTER_IDLE

    cdef bint begin_plain(self) except -1:
        cdef SettingsCore settings = self._settings
        cdef object isolation, read_only, deferrable
        if self.state != _IDLE or self.transaction is not None or settings.in_recovery:
            return False
        isolation, read_only, deferrable = settings.transaction_defaults
        self.transaction = self._begin(isolation, read_only, deferrable)
        self.snapshot_taken = False
        settings.in_transaction = True
        settings._level = 0
        settings.values[ISOLATION] = isolation
        settings.values[READ_ONLY] = read_only
        settings.values[DEFERRABLE] = deferrable
        self.state = _OPEN
        return True

    def commit_ended(self):
        """The transaction has committed, and is gone from here."""
        self.committed()

    cdef int committed(self) except -1:
        if self.portals.by_name:
            self.portals.end_transaction(True)
        self._settings.committed()
        self.to_idle()
        return 0

    cdef int to_idle(self) except -1:
        cdef dict values = self._settings.values
        if self.state != IMPLICIT:
            values.pop(ISOLATION, None)
            values.pop(READ_ONLY, None)
            values.pop(DEFERRABLE, None)
            self.savepoints.clear()
        self.state = _IDLE
        return 0

    def end(self):
        """The block's transaction has ended: idle."""
        self.to_idle()
