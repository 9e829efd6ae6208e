"""When Python's cycle collector runs: never for long while clients wait.

    collector = Collector(loop.call_later)
    collector.start()

What exists at the start lives as long as the process and is never walked again. Young objects are walked by themselves,
which takes a millisecond and frees nearly all cycles there are. A walk over what survived that takes 50 ms and more for a
million objects, which a client's sort may well hold: it waits for a second in which the process had little to do, unless
very much has piled up and the process has grown meanwhile, which is all that a walk could give back.

    young ──20,000──▶ survivors ──a quiet second──▶ old ──the process has grown by 128 MB, a quiet second──▶ all walked

What survived that walk too, thousands of sessions and what is cached, is not walked again before the process has grown.

Not here: memory that no cycle keeps, which goes at once.
"""

from __future__ import annotations

import gc
import resource
import time
from typing import Any, Callable

YOUNG_OBJECTS = 20_000  # walked in about a millisecond
NEVER = 1_000_000_000
LOOK_SECONDS = 1.0
QUIET_SECONDS = 0.05
SURVIVORS, EVERYTHING = 1, 2  # generations of Python's collector, each with the younger ones
OLD_PASSES = 20  # so many young walks left survivors: worth a walk over them, when there is time
OLD_GROWN_BYTES = 128 << 20  # so much memory has come since the last walk over everything: it is worth another
OLD_PASSES_MAX = 500  # worth it at any time: up to ten million objects are waiting,
GROWN_BYTES = 1 << 30  # and this much memory has come since the last walk
IDLE_SHARE = 0.2  # of one processor


def busy_seconds() -> float:
    """CPU time the process has used, and what its main thread has waited for a processor: on a busy machine who works
    looks idle otherwise."""
    with open("/proc/self/schedstat", "rb") as file:
        return time.process_time() + int(file.read().split()[1]) / 1e9


def resident_bytes() -> int:
    """Memory the process has in use, its buffer pool included."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


class Collector:
    """Owns the collector's thresholds from start() on."""

    def __init__(self, call_later: Callable[..., Any], cpu_seconds: Callable[[], float] = busy_seconds,
                 memory_bytes: Callable[[], int] = resident_bytes) -> None:  # fmt: skip
        self._call_later = call_later
        self._cpu_seconds = cpu_seconds
        self._memory_bytes = memory_bytes
        self._used = 0.0
        self._memory = 0

    def start(self) -> None:
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS, NEVER, NEVER)
        self._used = self._cpu_seconds()
        self._memory = self._memory_bytes()
        self._call_later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        passes = gc.get_count()[1]
        if passes >= OLD_PASSES_MAX and self._memory_bytes() >= self._memory + GROWN_BYTES:
            self._collect(EVERYTHING)
        elif self._was_idle(LOOK_SECONDS) and passes >= OLD_PASSES:
            self._call_later(QUIET_SECONDS, self._if_quiet)
            return
        self._call_later(LOOK_SECONDS, self._look)

    def _if_quiet(self) -> None:
        """The last second was idle: and this very moment?"""
        if self._was_idle(QUIET_SECONDS):
            has_grown = self._memory_bytes() >= self._memory + OLD_GROWN_BYTES
            self._collect(EVERYTHING if has_grown else SURVIVORS)
        self._call_later(LOOK_SECONDS, self._look)

    def _was_idle(self, seconds: float) -> bool:
        before, self._used = self._used, self._cpu_seconds()
        return self._used - before < IDLE_SHARE * seconds

    def _collect(self, generation: int) -> None:
        gc.collect(generation)
        self._used = self._cpu_seconds()
        if generation == EVERYTHING:
            self._memory = self._memory_bytes()
