"""Long values put together piece by piece: stub of pieces.pyx, which holds the chapter."""

from collections.abc import Callable, Iterable

_Buffer = bytes | bytearray | memoryview

def join_text(pieces: list[str], give_way: Callable[[], None]) -> str:
    """The pieces as one str. `give_way()` is called after each."""

def join_bytes(pieces: Iterable[_Buffer], n: int, give_way: Callable[[], None]) -> bytes:
    """The pieces as one bytes of length n; ValueError when they are not that many."""
