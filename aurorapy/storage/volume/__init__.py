"""The instance's side of storage: one log in, pages out, and when a commit is durable.

    volume.py      the driver: batches, quorums, VDL, who waits; reading pages
    recovery.py    fence, ask, decide, truncate and repair, open
    decision.py    where the volume ends, from the answers
    transport.py   how nodes are reached; in this process by function calls
    links.py       … and over the network: questions, hedged reads
    fleet.py       a volume on storage nodes: found, made, opened, grown
    follower.py    the same volume for an instance that reads what another one writes
    laggards.py    copies that missed something

`create_volume` and `open_volume` choose by `config.nodes`.

Not here: the nodes themselves (`storage/node`), transactions.
"""

from aurorapy.host import Host
from aurorapy.storage.options import StorageConfig
from aurorapy.storage.volume.fleet import FleetVolume, NoVolume, create_fleet, open_fleet
from aurorapy.storage.volume.follower import FollowerVolume, open_follower
from aurorapy.storage.volume.volume import Volume

VolumeConfig = StorageConfig

__all__ = ["FleetVolume", "FollowerVolume", "NoVolume", "StorageConfig", "Volume", "VolumeConfig", "create_volume", "open_follower", "open_volume"]


def create_volume(host: Host, config: StorageConfig) -> Volume:
    """A new, empty volume; opened. ObjectInUse when there is one already."""
    return create_fleet(host, config) if config.nodes else Volume.create(host, config)


def open_volume(host: Host, config: StorageConfig) -> Volume:
    """Recovery, then ready. NoVolume or FileNotFoundError: there is none; ObjectInUse: another process has it open."""
    return open_fleet(host, config) if config.nodes else Volume.open(host, config)
