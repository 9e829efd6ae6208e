"""The volume and its copies as rows, for aurora_volume, aurora_segments and what stands beside them.

A copy's state: `ok` has everything up to its group's read point; `behind` answers, and lacks some of it; `silent` does
not answer; `syncing` follows an older epoch or list. A volume in this process has one copy, on the node `local`.

Not here: the functions (`expressions.functions.aurora`), how nodes are asked (`storage/volume/inspection.py`).
"""

from __future__ import annotations

from typing import Any, Iterator

from aurorapy.ids import PAGE_SIZE
from aurorapy.storage.volume import FleetVolume
from aurorapy.storage.volume.inspection import CopyState, changed_pages, digests_of, inspect, inspect_local

US = 1_000_000


def volume_status(volume: Any) -> Iterator[tuple]:
    nodes = {state.member.node for state in members_of(volume)}
    yield len(volume.groups), len(nodes)


def members_of(volume: Any) -> list[CopyState]:
    return list(inspect(volume) if isinstance(volume, FleetVolume) else inspect_local(volume))


def volume_row(volume: Any) -> Iterator[tuple]:
    states = members_of(volume)
    first = [state for state in states if state.group == 0]
    size = sum(max((s.answer.pages for s in states if s.group == g and s.answer), default=0) for g in volume.groups)
    transport, rules = volume.transport, volume.groups[0].write
    geometry = volume.geometry if rules is None else None
    counters = [getattr(transport, name, 0) for name in ("batches", "bytes", "messages", "acks", "page_reads", "hedged_reads")]
    fills = sum(state.answer.filled_records for state in states if state.answer)
    vcl = max(volume.vdl, min(progress.complete for progress in volume.groups.values()) if len(volume.groups) == 1 else 0)
    yield (
        getattr(volume, "identity").id if isinstance(volume, FleetVolume) else None, vcl, volume.vdl, str(volume.epoch),
        volume.redo.limit_lsn, volume.config.group_pages, len(volume.groups), size * PAGE_SIZE, len(first),
        getattr(rules or geometry.write, "count", None),
        getattr(volume.read_rule(0), "count", None), volume.redo.records, *counters, fills,
    )  # fmt: skip


def segment_rows(instance: Any) -> Iterator[tuple]:
    volume = instance.volume
    clock = instance.host.clock
    for state in members_of(volume):
        answer, member = state.answer, state.member
        scl = answer.scl if answer is not None else state.scl
        lag = max(0, state.point - scl)
        p50, p99 = state.latencies
        word = "silent" if answer is None and not state.is_other else "syncing" if answer is None else "behind" if lag else "ok"
        figures: tuple = (None,) * 7
        if answer is not None:
            scrubbed = clock.wall_us() - answer.scrubbed_ago_us if answer.scrubbed_ago_us else None
            figures = (
                answer.sealed, answer.horizon, answer.gaps, answer.pages, max(0, answer.scl - answer.sealed),
                answer.run_bytes, answer.filled_records,
            )  # fmt: skip
        else:
            scrubbed = None
        yield (
            state.group, member.copy, member.node, member.zone, member.address, word, scl, lag, *figures, scrubbed,
            p50 * 1000 if p50 else None, p99 * 1000 if p99 else None,
        )  # fmt: skip


def copy_digests(volume: Any) -> Iterator[tuple]:
    """What each copy's pages are at the VDL: equal, or a copy is damaged. Builds every page: slow."""
    if not isinstance(volume, FleetVolume):
        return
    for group in sorted(volume.groups):
        lsn = volume.vdl
        for copy, (pages, digest) in sorted(digests_of(volume, group, lsn).items()):
            yield group, copy, lsn, pages, digest


def changed(volume: Any, since: int) -> int | None:
    return changed_pages(volume, since) if isinstance(volume, FleetVolume) else None
