"""The instances of a cluster as rows, for aurora_replica_status(): the writer's row, then one a reader.

The writer knows what each reader said last (`feed`); a reader knows itself, and asks the writer for the others. Lag is what
the reader measured: its clock when it had applied a VDL, less the writer's when it moved there. What nothing here measures
is NULL; a reader whose writer does not answer lists itself alone.

Not here: the function (`expressions.functions.aurora`).
"""

from __future__ import annotations

from typing import Any, Iterator

from aurorapy.instance.messages import Replica

WRITER_SESSION = "MASTER_SESSION_ID"


def known_to_writer(instance: Any) -> list[Replica]:
    """The writer, then its readers by name."""
    volume, clock = instance.volume, instance.host.clock
    now, monotonic = clock.wall_us(), clock.monotonic()
    horizon = instance.txns.status.oldest_snapshot_lsn()
    found = [Replica(_own_name(instance), True, volume.vdl, horizon, volume.vdl, 0, now, len(instance.txns.running))]
    for reader in sorted(instance.feed.readers.values(), key=lambda reader: reader.name):
        told = reader.seen
        if told is not None:
            said_at = now - int((monotonic - reader.seen_at) * 1e6)
            seen = (told.vdl, told.oldest_snapshot, told.oldest_read_point, told.lag_us)
            found.append(Replica(reader.name, False, *seen, said_at, 0))
    return found


def replica_rows(instance: Any) -> Iterator[tuple]:
    volume, own = instance.volume, _own_name(instance)
    reads = getattr(volume.transport, "page_reads", 0)
    if not instance.is_reader:
        for each in known_to_writer(instance):
            yield _row(each, volume.vdl, volume.epoch, own, reads)
        return
    follower = instance.follower
    others = [each for each in follower.ask_replicas() if each.name != own]
    seen = (volume.vdl, instance.txns.status.oldest_snapshot_lsn(), volume.oldest_read(), follower.lag_us)
    here = Replica(own, False, *seen, instance.host.clock.wall_us(), len(instance.txns.running))
    durable = max([volume.vdl, *(each.vdl for each in others if each.is_writer)])
    for each in [*(e for e in others if e.is_writer), here, *(e for e in others if not e.is_writer)]:
        yield _row(each, durable, volume.epoch, own, reads)


def _own_name(instance: Any) -> str:
    return instance.settings["instance_name"] or "writer"


def _session(name: str) -> str:
    """Readers have no session of their own with storage; the name stands for it, in a UUID's form."""
    text = name.encode().hex()[:32].ljust(32, "0")
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _row(each: Replica, durable: int, epoch: Any, own: str, reads: int) -> tuple:
    is_own = each.name == own
    lag_us = None if each.is_writer else each.lag_us
    return (
        each.name, WRITER_SESSION if each.is_writer else _session(each.name), durable, each.vdl, each.vdl, lag_us,
        each.running if is_own or each.is_writer else None, True, None, None, each.said_us, None, epoch.number,
        lag_us / 1000 if lag_us is not None else None, None, None, None, min(each.oldest_snapshot, each.oldest_read_point), None,
        reads if is_own else None, None, None,
    )  # fmt: skip
