"""How fast redo becomes pages: records of a real TPC-B run; and CRC-32C beside the crc32c package.

    python -m bench redo --rounds 5 --seconds 5

| figure | is |
|---|---|
| ingest | batches of 64 KiB into a memtable: every checksum and link verified, chained by page |
| apply | every page the run touched, from its image before the run to its end |
| ingest and apply | both, one after the other: from the log's bytes to pages |
| CRC-32C | through each package's Python function, bytes in, number out |

One thread, and seconds of its processor: nothing here waits. The work is repeated until a round took `MIN_S`. There is
no PostgreSQL in this one: it has no counterpart of these functions that could be called alone.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Callable

from aurorapy_native import checksum
from aurorapy_native.memtable import Memtable
from bench import options as common
from bench.capture import Capture, capture
from bench.contestants import say
from bench.goals import Goal
from bench.report import OURS, Measure, Measures, Report
from bench.versions import header

NAME = "redo"
MIN_S = 0.5
PACKAGE = "crc32c package"
PACKAGE_MISSING = "the crc32c package is not installed (pip install '.[bench]'): nothing to compare CRC-32C with"
SIZES = {"8 KiB": 8192, "100 bytes": 100}

INGEST = Measure("ingest", "M records/s")
APPLY = Measure("apply", "M records/s", Goal(2, 5))
BOTH = Measure("ingest and apply", "M records/s", Goal(2, 5))


def add_options(parser: argparse.ArgumentParser) -> None:
    common.add_common(parser)


def run(options: argparse.Namespace) -> Report:
    say("TPC-B, to have its records")
    found = capture(options.seconds, directory=options.directory)
    size = found.bytes / found.records
    facts = {**header(), "rounds": f"{options.rounds} of at least {MIN_S} s", "CRC-32C by": checksum.IMPLEMENTATION}
    facts["records"] = f"{found.records:,} of TPC-B on {len(found.pages):,} pages, {size:.0f} bytes each"
    redo, crc = Measures("Redo"), Measures("CRC-32C")
    report = Report("Redo and checksums", facts, [redo, crc])
    for _ in range(options.rounds):
        apply_round(redo, found)
    try:
        import crc32c
    except ImportError:
        report.notes.append(PACKAGE_MISSING)
        return report
    for number in range(options.rounds):
        for name, size in SIZES.items():
            crc_round(crc, name, size, crc32c.crc32c, ours_first=number % 2 == 0)
    return report


def apply_round(figures: Measures, found: Capture) -> None:
    ingest_s = apply_s = 0.0
    passes = 0
    while ingest_s + apply_s < MIN_S:
        pages = {page_no: bytearray(image) for page_no, image in found.pages.items()}
        began = time.thread_time()
        table = Memtable()
        for prev, data in found.batches:
            table.ingest(data, prev)
        between = time.thread_time()
        applied = sum(table.apply(page_no, page, found.end) for page_no, page in pages.items())
        apply_s += time.thread_time() - between
        ingest_s += between - began
        passes += 1
        if applied != found.records:
            raise AssertionError(f"{applied} of {found.records} records applied")
    done = passes * found.records / 1e6
    figures.add(INGEST, OURS, done / ingest_s)
    figures.add(APPLY, OURS, done / apply_s)
    figures.add(BOTH, OURS, done / (ingest_s + apply_s))
    say(f"{done / ingest_s:.2f} M records/s in, {done / apply_s:.2f} applied")


def crc_round(figures: Measures, name: str, size: int, package: Callable[[bytes], int], ours_first: bool) -> None:
    data = os.urandom(size)
    contenders = {OURS: checksum.crc32c, PACKAGE: package}
    if checksum.crc32c(data) != package(data):
        raise AssertionError("two CRC-32C of the same bytes differ")
    speed = {}
    for server in contenders if ours_first else reversed(contenders):
        speed[server] = bytes_per_second(contenders[server], data)
    for server in contenders:
        figures.add(Measure(f"CRC-32C of {name}", "GB/s"), server, speed[server] / 1e9)
    figures.add(Measure(f"CRC-32C of {name}, ours to the package", "×", Goal(0.8, 1.0)), OURS, speed[OURS] / speed[PACKAGE])


def bytes_per_second(function: Callable[[bytes], int], data: bytes) -> float:
    repeat, took = 20_000, 0.0
    calls = 0
    while took < MIN_S:
        began = time.thread_time()
        for _ in range(repeat):
            function(data)
        took += time.thread_time() - began
        calls += repeat
    return calls * len(data) / took
