"""A running writer: the floors below put together, and what goes on behind the sessions.

    instance     Instance: volume → pool → space → transactions → databases; begins transactions, opens tables
    bootstrap    the rows and storage of a new volume
    databases    one database: its catalog tables, its shared cache
    tables       relations opened: heap, indexes, expressions compiled
    sequences    nextval and its page
    storage_jobs storage made and dropped with transactions
    feed, reader what readers are sent, and what they make of it; promotion: one becomes the writer
    door         where readers and the control plane come in; forward: a reader's way to the writer
    cache_sharing the reader of tier 0 keeps what the writer keeps
    workers/     vacuum, analyze, and when they run by themselves

Life of a change: Session → execute → access (pages, mini-transaction) → redo → volume → node's log → VDL → session wakes.

Not here: SQL, clients.
"""
