# What the short path reads of a session's statements and portals at every message.
from aurorapy_native.point cimport PointProgram

cdef class StatementCore:
    """The fields of a prepared statement by which it is run; aurorapy.session.prepared.PreparedStatement is the
    rest."""
    cdef public object text
    cdef public list columns             # of the result; None: it returns no rows
    cdef public tuple validity           # (catalog version, search path version) of the plan; None: there is no plan
    cdef public object executable        # execute.Executable
    cdef public PointProgram program     # None: it is not about one row
    cdef public bint reads               # it only reads, and has no program
    cdef public object control           # BEGIN, COMMIT, ROLLBACK without options; None: something else
    cdef public list lock_keys           # (key, mode) of the table locks
    cdef public object allowed_to        # OID of the role whose privileges were found to suffice; -1: nobody asked
    cdef public dict encoders            # by result formats
    cdef public dict descriptions        # by result formats
    cdef public dict readers             # by parameter formats

cdef class PortalsCore:
    """aurorapy.session.portals.Portals is the rest."""
    cdef public dict by_name             # the general portals; '' is the unnamed one
