"""One client's statements: which statement, in which transaction, with which parameters.

    session            Session: what one client has; runs parsed statements
    block              the transaction block: BEGIN … COMMIT, the implicit transaction, savepoints, failed state
    simple, extended   the two query protocols over a Session
    prepared, portals  prepared statements and cursors
    runnable           a statement made ready to run: its columns, its rows, its tag
    utility            statements that are not queries, by class
    copy               COPY FROM STDIN and TO STDOUT
    settings           SET, SHOW and what a rollback takes back; what a setting reaches
    context            what functions may ask of the session; introspection and aurora_views the figures among it
    forwarding, remote a reader's writes, made on the writer
    output             backend messages, collected

    bytes → wire → server.connection → simple/extended → Session.run → runnable → execute → rows → output → wire

Not here: sockets (`server`), the meaning of a query (`sql`, `execute`).
"""
