"""A node opens although something on its disk is damaged, where peers have the same.

    a manifest        there are two of it; with both gone the segment is lost, and the node says that it was here
    a run             its first LSN is where the segment begins again: what came later is fetched anew
    the hot log       what cannot be read counts as damaged; every batch that is sound counts, and is written to a new file; the gap between is fetched

A segment that lost something is in *doubt*: it may have acknowledged what it no longer has, so it is counted in no read
quorum. The doubt ends when it is as far as a read quorum of its peers, without itself, has said to be: whatever it
acknowledged, and a writer counted, one of those has.

Without peers nothing of this happens: damage is XX001, as ever.

Errors: DataCorrupted, and what the disk says.

Not here: damage found later (`scrub`), what the peers send (`gossip`, `transfer`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DataCorrupted
from aurorapy.storage.node.hosting import remove_files
from aurorapy.storage.node.hotlog import NO_GROUP, Batch
from aurorapy.storage.node.segment import Segment


def open_segments(node: Any, read_only: bool) -> bool:
    """The node's segments, as far as their manifests and runs are sound. True when one is lost."""
    disk, is_lost = node.host.disk, False
    for name in disk.list(f"{node.directory}/segments"):
        directory = f"{node.directory}/segments/{name}"
        if not any(disk.exists(f"{directory}/{each}") for each in ("manifest", "manifest.copy")):
            continue
        try:
            segment = Segment.load(disk, directory, read_only)
        except DataCorrupted as error:
            if read_only or not disk.exists(f"{directory}/manifest.copy"):
                raise
            node.report(f"the segment in {directory} is lost: {error}")
            remove_files(disk, directory)
            is_lost = True
            continue
        if node.hosting.is_remains(segment) and not read_only:
            segment.close()
            remove_files(disk, directory)
            continue
        node.segments[segment.group] = segment
        if segment.lost_runs:
            node.report(f"segment {segment.group}{segment.copy}: damaged: {', '.join(info.file for info in segment.lost_runs)}")
            gone = segment.begin_again()
            segment.save()
            for file in gone:
                disk.remove(f"{directory}/{file}")
        elif segment.was_repaired and not read_only:
            segment.save()
    return is_lost


def open_log(node: Any, read_only: bool, is_lost: bool) -> None:
    """The hot log's records into the memtables. is_lost: it may hold records of a segment that is."""
    segments = list(node.segments.values())
    if is_lost and not segments:
        _, old = node.log.salvage()  # whatever is in it, nobody here can say what it is worth
        node.log.remove_files(old)
        return
    start = min((segment.log_start for segment in segments), default=0)
    try:
        replay(node, node.log.open(start, read_only), is_lost)
        return
    except (DataCorrupted, OSError) as error:
        if read_only or not segments or not all(node.gossip.has_peers(segment) for segment in segments):
            raise
        node.report(f"{error}; what is sound of it counts, the rest comes from peers")
    batches, old = node.log.salvage()
    for segment in segments:
        segment.doubt = True
    replay(node, batches, is_lost)
    for segment in segments:
        segment.log_start = node.log.oldest * node.log.file_bytes
        segment.save()
    node.log.remove_files(old)


def replay(node: Any, batches: list[Batch], is_lost: bool) -> None:
    """What the hot log holds and no run does, into the memtables."""
    file_bytes = node.log.file_bytes
    for position, records, _durable, vdl, group, prev, last in batches:
        if group == NO_GROUP:
            continue
        segment = node.segments.get(group)
        if segment is None:
            if group in node.hosting.identities or is_lost:
                continue
            raise DataCorrupted(f"the log holds records of group {group}, whose segment is missing")
        if position < segment.log_start:
            continue
        if vdl > segment.vdl:
            segment.vdl = vdl
        segment.replay(position // file_bytes, prev, last, records)
    for segment in node.segments.values():
        segment.replayed()
