"""Clients at the door: accept, TLS, who they are, one client's loop, cancel.

    listener         binds, accepts, counts; shuts down in PostgreSQL's two manners
    connection       one client: bytes in and out, a greenlet that runs its session
    forwarded        a reader's session on the writer: the same, over a link of the cluster
    authentication   trust or SCRAM-SHA-256, and the texts of refusal
    logs             structlog: console lines on a terminal, JSON otherwise

    socket → connection.data_received → MessageReader → Session → Output → transport.write

Every message that came in one read is answered in one write. Not here: SQL, pages.
"""
