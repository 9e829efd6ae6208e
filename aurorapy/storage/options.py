"""The sizes and times of a volume and of its storage nodes, with the reasons for their defaults.

    storage_config(settings)          those of a process's settings that concern storage

Not here: settings a client can see (`config`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.records import dataclass
from aurorapy.storage.members import NodePlace

VOLUME_PATH = "volume"
COPY_NAMES = "ABCDEF"


@dataclass(frozen=True)
class StorageConfig:
    path: str = ""  # of the volume's directory below the host's disk root
    group_pages: int = 1_310_720  # pages of a protection group: 10 GiB
    copies: tuple[str, ...] = ("A",)
    tails: tuple[str, ...] = ()  # of them, those of a new group that keep the log only
    write_quorum: int = 1
    read_quorum: int = 1
    nodes: tuple[NodePlace, ...] = ()  # storage nodes to choose from; none: the copies live in this process

    # the writer's side
    lsn_limit_bytes: int = 64 << 20  # no LSN beyond VDL + this; bounds what recovery must annul
    batch_bytes: int = 64 << 10  # a batch leaves when it is this large
    batch_bytes_max: int = 1 << 20  # and is cut into pieces of at most this
    batch_delay_s: float = 0.01  # or this old; shorter only keeps the log busy when somebody comes to wait
    recovery_wait_s: float = 300.0  # so long it waits for storage nodes that do not answer

    # the node's side
    log_file_bytes: int = 64 << 20  # a hot log file; also about the size of a delta run
    retention_s: float = 600.0  # page versions younger than this stay ...
    retention_bytes: int = 1 << 30  # ... unless so much redo has come since
    long_chain_records: int = 64  # a page with more records than this in one delta run gets an image beside it
    scrub_s: float = 3600.0  # between two passes over everything on the disk, where there are peers to repair from
    compare_s: float = 86400.0  # between two comparisons of everything with what peers build
    step_bytes: int = 1 << 20  # background work reads, builds and writes so much between two looks at the loop


DEFAULT = StorageConfig()


def storage_config(settings: dict[str, Any]) -> StorageConfig:
    """The settings that concern storage, in its own terms."""
    nodes = tuple(NodePlace.parse(text) for text in settings["storage_nodes"].split(",") if text.strip())
    full, _, tails = (settings["storage_copies"] if nodes else "1").partition("+")
    copies = COPY_NAMES[: int(full) + int(tails or 0)]
    return StorageConfig(
        path=VOLUME_PATH,
        nodes=nodes,
        copies=tuple(copies),
        tails=tuple(copies[1::2]) if tails else (),  # one of the two of each zone
        group_pages=settings["protection_group_size"],
        log_file_bytes=settings["hot_log_file_size"] << 20,
        retention_s=settings["retention_window"] / 1000,
        scrub_s=settings["storage_scrub_interval"] / 1000,
        retention_bytes=settings["retention_size"] << 20,
    )
