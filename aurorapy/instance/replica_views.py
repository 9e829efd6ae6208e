"""The instances of a cluster as rows, for aurora_replica_status(): the writer's row, then one a reader.

The writer knows what each reader said last (`feed`); a reader knows itself. Lag is what the reader measured: its clock when
it had applied a VDL, less the writer's when it moved there. What nothing here measures is NULL.

Not here: the function (`expressions.functions.aurora`).
"""

from __future__ import annotations

from typing import Any, Iterator

WRITER_SESSION = "MASTER_SESSION_ID"


def replica_rows(instance: Any) -> Iterator[tuple]:
    volume, settings = instance.volume, instance.settings
    now = instance.host.clock.wall_us()
    monotonic = instance.host.clock.monotonic()
    name = settings["instance_name"] or "writer"
    running = len(instance.txns.running)
    horizon = instance.txns.status.oldest_snapshot_lsn()
    reads = getattr(volume.transport, "page_reads", 0)
    if instance.is_reader:
        follower = instance.follower
        seen = (volume.vdl, horizon, volume.oldest_read(), follower.lag_us)
        yield _row(name, _session(name), volume.vdl, seen, now, running, follower.is_attached, volume.epoch, reads)
        return
    seen = (volume.vdl, horizon, volume.vdl, None)
    yield _row(name, WRITER_SESSION, volume.vdl, seen, now, running, True, volume.epoch, reads)
    for reader in instance.feed.readers.values():
        if reader.seen is not None:
            told = reader.seen
            said_at = now - int((monotonic - reader.seen_at) * 1e6)
            seen = (told.vdl, told.oldest_snapshot, told.oldest_read_point, told.lag_us)
            yield _row(reader.name, _session(reader.name), volume.vdl, seen, said_at, None, True, volume.epoch, None)


def _session(name: str) -> str:
    """Readers have no session of their own with storage; the name stands for it, in a UUID's form."""
    text = name.encode().hex()[:32].ljust(32, "0")
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _row(
    name: str, session: str, durable: int, seen: tuple, at: int, running: int | None, is_current: bool, epoch: Any,
    reads: int | None,
) -> tuple:  # fmt: skip
    vdl, snapshot, read_point, lag_us = seen
    lag_ms = lag_us / 1000 if lag_us is not None else None
    return (
        name, session, durable, vdl, vdl, lag_us, running, is_current, None, None, at, None, epoch.number, lag_ms, None, None,
        None, min(snapshot, read_point), None, reads, None, None,
    )  # fmt: skip
