"""The PostgreSQL protocol 3.0 as a state machine without I/O.

    startup    the packets before the first message: StartupMessage, SSLRequest, GSSENCRequest, CancelRequest
    scram      SCRAM-SHA-256, the server's side, and password verifiers
    backend    messages of the server but rows: errors, RowDescription, ParameterStatus, …

Messages once a session runs are read and rows written by `aurorapy_native.wire`. Not here: sockets, SQL, clocks.
"""
