"""Redo records as TPC-B makes them, with the pages they belong to: taken from the log of a server that ran it.

    found = capture(seconds=5)
    found.batches            [(LSN of the group's record before, bytes)]: all records of the run, in log order
    found.pages              {page number: its 8,192 bytes before the run}
    found.records            how many of the records change a page

The server's hot log file is large enough that nothing is sealed: what the log holds is what the memtable would.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from aurorapy import config
from aurorapy.host.real import RealHost
from aurorapy.instance.instance import storage_config
from aurorapy.storage.node.segment import Segment
from aurorapy.storage.verify import StoppedVolume
from aurorapy_native.redo import PAGE_NONE, index
from bench import pgbench
from tests.support.server import Server

SETTINGS = {"hot_log_file_size": "256MB", "autovacuum": "off"}
BATCH_BYTES = 64 << 10  # as the volume sends them under load


@dataclass(frozen=True, slots=True)
class Capture:
    batches: list[tuple[int, bytes]]
    pages: dict[int, bytes]
    records: int
    end: int  # LSN of the last record

    @property
    def bytes(self) -> int:
        return sum(len(data) for _, data in self.batches)


def capture(seconds: int, scale: int = 1, clients: int = 8, directory: str | None = None) -> Capture:
    with tempfile.TemporaryDirectory(prefix="bench-redo-", dir=directory) as place:
        data = Path(place) / "data"
        with Server(data, SETTINGS) as server:
            pgbench.initialize(server.port, scale)
            start = _position(server)
            pgbench.run(server.port, "tpcb-like", "prepared", clients, seconds)
            end = _position(server)
        host = RealHost(str(data))
        try:
            return host.tasks.run(_read, host, start, end)
        finally:
            host.close()


def _position(server: Server) -> int:
    with server.connect() as wire:
        return int(wire.query("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')").rows[0][0])


def _read(host: RealHost, start: int, end: int) -> Capture:
    stopped = StoppedVolume(host, storage_config(config.load(None, SETTINGS)))
    try:
        (segment,) = stopped.segments()
        return _of_segment(segment, start, end)
    finally:
        stopped.close()


def _of_segment(segment: Segment, start: int, end: int) -> Capture:
    data = segment.records_between(start, end)
    found = index(data)
    pages = {entry[1] for entry in found} - {PAGE_NONE}
    return Capture(
        batches=cut(data, found),
        pages={page_no: bytes(segment.page_at(page_no, start)) for page_no in sorted(pages)},
        records=sum(entry[1] != PAGE_NONE for entry in found),
        end=found[-1][0],
    )


def cut(data: bytes, found: list[tuple]) -> list[tuple[int, bytes]]:
    """The log's bytes in batches of whole records, each with the group's LSN before it; `found`: redo.index(data)."""
    out, begin, prev = [], 0, found[0][6]
    for lsn, _, offset, length, *_ in found:
        if offset + length - begin >= BATCH_BYTES or offset + length == len(data):
            out.append((prev, data[begin : offset + length]))
            begin, prev = offset + length, lsn
    return out
