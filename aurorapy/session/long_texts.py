"""DataRows with texts of megabytes: made and sent a piece at a time, while others run.

    D | length | columns | 00000004 'abcd' | 02faf080 first MB … second MB … | ffffffff

Once its first bytes are on their way a row must be finished: a cancel or timeout that comes meanwhile is raised behind
it. A client that is gone ends it at once.

Not here: which rows these are (`aurorapy_native.outbuffer`).
"""

from __future__ import annotations

from typing import Any, Callable, Iterator

from aurorapy.errors import DatabaseError
from aurorapy_native.outbuffer import OutBuffer, RowEncoder

PIECE_CHARS = 1 << 19
LENGTH_MAX = 0x3FFFFFFF
NULL = b"\xff\xff\xff\xff"


def send_row(
    row: tuple, encoder: RowEncoder, buffer: OutBuffer, drain: Callable[[], None], give_way: Callable[[], None]
) -> None:
    """One row; `drain` sends what is in the buffer. What does not fit into a message fails as any row does."""
    fields = buffer.fields(row, encoder)
    sizes = [_size(field, give_way) for field in fields]
    length = 6 + sum(sizes)
    if length > LENGTH_MAX:
        buffer.row(row, encoder)  # which says so
    buffer.raw(b"D" + length.to_bytes(4, "big") + len(fields).to_bytes(2, "big"))
    interrupt = None
    for piece in _pieces(fields, sizes):
        buffer.raw(piece)
        if interrupt is None:
            try:
                drain()
                give_way()
            except DatabaseError as error:
                interrupt = error
    if interrupt is not None:
        raise interrupt


def _size(field: Any, give_way: Callable[[], None]) -> int:
    if type(field) is not str:
        return 4 if field is None else len(field)
    if field.isascii():
        return 4 + len(field)
    size = 4
    for piece in _cut(field):
        size += len(piece)
        give_way()
    return size


def _pieces(fields: list[Any], sizes: list[int]) -> Iterator[bytes]:
    for field, size in zip(fields, sizes):
        if type(field) is str:
            yield (size - 4).to_bytes(4, "big")
            yield from _cut(field)
        else:
            yield NULL if field is None else field


def _cut(text: str) -> Iterator[bytes]:
    for at in range(0, len(text), PIECE_CHARS):
        yield text[at : at + PIECE_CHARS].encode()
