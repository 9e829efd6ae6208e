"""Fields of a prepared statement and of a session's portals, laid out for the short path, which reads them at every
message.

    class PreparedStatement(StatementCore): ...       the same attributes in Python and, without a lookup, in C

Not here: what they mean (aurorapy.session.prepared, aurorapy.session.portals), who reads them (short_path).
"""


cdef class StatementCore:
    pass


cdef class PortalsCore:
    pass
