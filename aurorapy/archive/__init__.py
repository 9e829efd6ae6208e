"""The archive: where log and pages go so that the past can be brought back.

    storage node ── sealed runs ──▶ object store ──▶ restore, point in time, clone of an old state

A sealed run (`storage/node/runs.py`) is immutable and checksummed, so it is the unit of backup: the archive copies runs
and the manifests that name them, and a restore is a segment whose manifest names runs out of the store.

Not here yet: any code. What storage needs of an archive it declares as a Protocol of its own and is handed at assembly.
"""
