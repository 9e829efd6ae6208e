"""Rows beyond work_mem, in a local temporary file that goes away with its plan.

Rows are pickled in blocks of 512 with a length in front; a run is (start, end) in the file. The instance offers
`temporary_file() -> host File or None` (None: there is no disk, rows stay in memory).

Errors: 53400 beyond temp_file_limit, 53100 and 58030 as the host reports them.
"""

from __future__ import annotations

import pickle
from typing import Any, Iterator

from aurorapy.errors import ResourceError

BLOCK_ROWS = 512
_HEADER_BYTES = 4


class SpillFile:
    """See the module's chapter. One writer, any number of readers."""

    def __init__(self, ctx: Any) -> None:
        maker = getattr(ctx.instance, "temporary_file", None)
        self._file = maker() if maker is not None else None
        self._give_way = ctx.give_way
        self._limit = ctx.temp_file_limit_bytes
        self._end = 0
        self._kept: dict[int, list[tuple]] = {}  # runs, where there is no disk

    def write(self, rows: list[tuple]) -> tuple[int, int]:
        """Appends rows; the run to read them by."""
        start = self._end
        if self._file is None:
            self._kept[start] = list(rows)
            self._end += 1
            return start, self._end
        for first in range(0, len(rows), BLOCK_ROWS):
            self._give_way()
            block = pickle.dumps(rows[first : first + BLOCK_ROWS], protocol=5)
            data = len(block).to_bytes(_HEADER_BYTES, "little") + block
            if self._limit is not None and self._end + len(data) > self._limit:
                raise ResourceError(
                    f"temporary file size exceeds temp_file_limit ({self._limit >> 10}kB)", sqlstate="53400"
                )
            self._file.pwrite(data, self._end)
            self._end += len(data)
        return start, self._end

    @property
    def size(self) -> int:
        """Bytes in the file; runs, where there is no disk."""
        return self._end

    def blocks(self, run: tuple[int, int]) -> Iterator[list[tuple]]:
        """The run's rows, as they were written, in lists."""
        position, end = run
        if self._file is None:
            kept = self._kept[position]
            for first in range(0, len(kept), BLOCK_ROWS):
                yield kept[first : first + BLOCK_ROWS]
            return
        while position < end:
            size = int.from_bytes(self._file.pread(_HEADER_BYTES, position), "little")
            self._give_way()
            yield pickle.loads(self._file.pread(size, position + _HEADER_BYTES))
            position += _HEADER_BYTES + size

    def close(self) -> None:
        self._kept.clear()
        if self._file is not None:
            self._file.close()
            self._file = None
