"""What the simulated machines run: storage nodes and writers, the production classes.

Not here: what happens to them.
"""

from __future__ import annotations

import json

from aurorapy.storage.messages import Epoch
from aurorapy.storage.node.node import StorageNode
from aurorapy.storage.node.server import NodeServer, open_node
from aurorapy.storage.options import StorageConfig
from aurorapy.storage.volume import create_volume, open_volume
from aurorapy.storage.volume.recovery import Superseded
from aurorapy.storage.volume.transport import Unreachable

from tests.sim.fleet.hosts import Process

__all__ = ["NodeServer", "Superseded", "Unreachable", "create", "epoch_on_disk", "is_current", "open_node", "open_volume", "read_here"]


def create(process: Process, config: StorageConfig) -> None:
    """A new volume on the nodes."""
    create_volume(process, config).close()


def read_here(node: StorageNode, group: int, page_no: int, lsn: int) -> bytes:
    """The page as this copy builds it, past the network: for checkers."""
    segment = node.segments.get(group)
    return bytes(8192) if segment is None else segment.sealed_page_at(page_no, lsn)


def is_current(node: StorageNode, group: int, point: int, epoch: object) -> bool:
    """Has the copy everything up to `point`, under that epoch's list?"""
    segment = node.segments.get(group)
    if segment is None:
        return False
    return segment.scl >= point and segment.epoch == segment.truncations.epoch == epoch


def epoch_on_disk(node: StorageNode, group: int) -> Epoch:
    """The epoch that the segment would have after a power cut."""
    inode = node.host.medium.durable_names[f"{node.segments[group].directory}/manifest"]
    return Epoch(*json.loads(bytes(inode.durable).split(b"\n")[2])["epoch"])
