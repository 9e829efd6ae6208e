# A session's transaction block: BEGIN and COMMIT without options, as the short path runs them.
from libc.stdint cimport int64_t, uint64_t
from aurorapy_native.locks cimport ManagerCore, TransactionCore
from aurorapy_native.statement cimport PortalsCore
from aurorapy_native.versions cimport SessionVersions
from aurorapy_native.volume cimport VolumeCore

cdef class SettingsCore:
    """What every statement asks of a session's settings; aurorapy.session.settings.SessionSettings is the rest."""
    cdef public dict values              # by name, where they differ from those at connect
    cdef public list _undo               # what a rollback takes back
    cdef public int _level               # savepoint depth
    cdef public bint in_transaction
    cdef public bint in_recovery
    cdef public bint reads_alone         # one statement's own transaction may see what is newest when it runs
    cdef public bint waits_for_commit
    cdef public int64_t statement_timeout
    cdef public int64_t idle_session_timeout
    cdef public int64_t idle_in_transaction_timeout
    cdef public object lock_timeout_s    # None: none
    cdef public tuple transaction_defaults   # isolation, read only, deferrable

    cdef int committed(self) except -1

cdef class Opener:
    """Begins the transactions of one session: session.block.TransactionBlock's `begin`."""
    cdef ManagerCore manager
    cdef VolumeCore volume
    cdef SettingsCore settings
    cdef SessionVersions catalog
    cdef object evaluation               # EvalContext
    cdef object database                 # OID
    cdef int pid
    cdef public uint64_t last_commit     # LSN of the session's own last commit, when it did not wait for it
    cdef public object on_begin          # called with each transaction, which it may refuse; None: nobody asks

    cdef TransactionCore open(self, str isolation, bint read_only)

cdef class BlockCore:
    """The fields of a transaction block; aurorapy.session.block.TransactionBlock is the rest."""
    cdef public str state
    cdef public object transaction       # txn.Transaction or None
    cdef public bint snapshot_taken      # a query has run in it
    cdef public object _begin            # (isolation, read_only, deferrable) -> transaction
    cdef public SettingsCore _settings
    cdef public list savepoints          # names
    cdef public PortalsCore portals      # session.portals.Portals, which go with the transaction

    # The status in ReadyForQuery.
    cdef str status_letter(self)
    # BEGIN without options outside a block. False: it needs more than that.
    cdef bint begin_plain(self) except -1
    cdef int committed(self) except -1
    cdef int to_idle(self) except -1
