"""Checks a stopped volume: every run, every record's checksum and link, every page rebuilt at the VDL.

    for problem in verify_volume(host, config):
        print(problem)                                  # nothing printed: sound

What it walks:
    manifests and their checksums, the hot log's chain of batches, run headers, footers and indexes
    every record: checksum; its links to the group's and to the page's record before
    every image: page checksum, page number in the index, LSN
    every page: built at the VDL from image and records, in order

`pages_at_vdl` gives the rebuilt pages to checks of what is in them. The volume is only read; it must not be open elsewhere.

Not here: heap, B-tree and catalog (their own checks use these pages), repair.
"""

from __future__ import annotations

from functools import partial
from typing import Callable, Iterator

from aurorapy.errors import DatabaseError
from aurorapy.host import Host
from aurorapy.storage.messages import TruncationList
from aurorapy.storage.node import StorageNode, manifest
from aurorapy.storage.node.segment import Segment
from aurorapy.storage.options import StorageConfig
from aurorapy.storage.volume.decision import decide, is_annulled, newest_list
from aurorapy.storage.volume.volume import VOLUME_KIND, lock, place
from aurorapy_native.redo import index as index_records


class StoppedVolume:
    """A volume read without recovery: nothing is written, nothing fenced."""

    def __init__(self, host: Host, config: StorageConfig) -> None:
        self.host, self.config = host, config
        content = manifest.load(host.disk, place(config, "volume"), VOLUME_KIND)
        self.group_pages = content["group_pages"]
        lock(host, config)
        self.nodes = []
        try:
            for copy in content["copies"]:
                node = StorageNode(host, place(config, f"node-{copy}"), f"n{copy}", config)
                node.open(read_only=True)
                self.nodes.append(node)
        except BaseException:
            host.disk.unlock(place(config, "lock"))
            raise
        states = {
            group: {node.segments[group].copy: node.epochs.state(node.segments[group], node.segments[group].vdl)
                    for node in self.nodes if group in node.segments}
            for group in sorted(set().union(*(node.segments for node in self.nodes)))
        }  # fmt: skip
        self.truncations: TruncationList = newest_list(states)
        self.vdl = decide(states, self.truncations).vdl

    def segments(self) -> Iterator[Segment]:
        for node in self.nodes:
            yield from node.segments.values()

    def pages(self) -> Iterator[tuple[int, bytes]]:
        """(page number, bytes at the VDL) of every page that was ever written, ascending, from the first copy."""
        for _, segment in sorted(self.nodes[0].segments.items()):
            for page_no in segment.page_numbers():
                yield page_no, segment.sealed_page_at(page_no, self.vdl)

    def close(self) -> None:
        for node in self.nodes:
            node.close()
        self.host.disk.unlock(place(self.config, "lock"))


def verify_volume(host: Host, config: StorageConfig) -> Iterator[str]:
    """Yields one line for each problem found."""
    try:
        volume = StoppedVolume(host, config)
    except (DatabaseError, OSError) as error:
        yield f"the volume cannot be opened: {error}"
        return
    try:
        for segment in volume.segments():
            for problem in verify_segment(segment, volume.truncations, volume.vdl):
                yield f"segment {segment.group}{segment.copy}: {problem}"
    finally:
        volume.close()


def pages_at_vdl(host: Host, config: StorageConfig) -> Iterator[tuple[int, bytes]]:
    """(page number, bytes) of every page at the VDL; DataCorrupted at the first that cannot be built."""
    volume = StoppedVolume(host, config)
    try:
        yield from volume.pages()
    finally:
        volume.close()


def verify_segment(segment: Segment, truncations: TruncationList, vdl: int) -> Iterator[str]:
    links: dict[int, int] = {}  # LSN -> LSN of the group's record before
    for read in record_blocks(segment):
        try:
            found = index_records(read())
        except (DatabaseError, OSError) as error:
            yield str(error)
            continue
        for lsn, _page_no, _offset, _length, _prev_page, _prev_volume, prev_group, _kind, _flags in found:
            if not is_annulled(lsn, truncations):
                links[lsn] = prev_group
    yield from verify_links(links, segment)
    for run in segment.images:
        for at in range(len(run.index)):
            try:
                run.read_at(at)
            except (DatabaseError, OSError) as error:
                yield str(error)
    for page_no in segment.page_numbers():
        try:
            segment.page_at(page_no, vdl)
        except (DatabaseError, OSError) as error:
            yield f"page {page_no} cannot be built: {error}"


def record_blocks(segment: Segment) -> Iterator[Callable[[], bytes]]:
    """Calls that read all records the segment holds, a page of a run or a log file at a time."""
    for run in segment.deltas:
        for at in range(len(run.index)):
            yield partial(run.read_at, at)
    for table in segment.tables:
        yield partial(table.memtable.records, 0, 1 << 63)


def verify_links(links: dict[int, int], segment: Segment) -> Iterator[str]:
    """Every record follows the one before it; below the oldest delta run the chain is gone."""
    lsns = sorted(links)
    before = None
    for lsn in lsns:
        if before is not None and links[lsn] != before:
            yield f"record {lsn} follows {links[lsn]}, but the one before it is {before}"
        before = lsn
    if lsns and segment.deltas and links[lsns[0]] > segment.deltas[0].first:
        yield f"records between {segment.deltas[0].first} and {lsns[0]} are missing"
