"""Storage: the volume, which is its log.

    instance ── redo ──▶ volume/ ── Write ──▶ node/ ──▶ hot log ──▶ runs
                            ▲                  │
                            └──── Durable ─────┘        VDL: commits wait for this
                            ◀──── pages ───────┘        built from images and records

`quorum.py` is the arithmetic, `members.py` who holds the copies, `messages.py` what is said, `volume/` the instance's
side, `node/` a storage node's, `verify.py` checks a stopped volume, `options.py` holds the sizes and times. A local volume
is the same thing with one copy and its node in the same process.

Must hold: an acknowledged LSN is never lost; the VDL never goes back; equal LSN, equal bytes on every copy; damaged bytes
are never served.

Not here: what a page or a note means (`access`, `txn`), which pages are in memory (`buffer`).
"""
