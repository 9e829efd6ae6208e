"""The instance's side of storage: one log in, pages out, and when a commit is durable.

    volume.py      the driver: batches, quorums, VDL, who waits; reading pages
    recovery.py    fence, ask, decide, truncate and repair, open
    decision.py    where the volume ends, from the answers
    transport.py   how nodes are reached; in this process by function calls

Not here: the nodes themselves (`storage/node`), transactions.
"""

from aurorapy.storage.options import StorageConfig
from aurorapy.storage.volume.volume import Volume

VolumeConfig = StorageConfig

__all__ = ["StorageConfig", "Volume", "VolumeConfig"]
