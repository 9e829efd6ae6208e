HEADER_BYTES: int
ALIGNMENT: int
MAGIC: int

def batch_header(
    position: int, prev_crc: int, durable: int, epoch: int, instance: int, vdl: int, group: int, prev: int, last: int,
    records: bytes,
) -> bytes:
    """The 80 bytes before `records`."""

def scan(
    data: bytes | memoryview, base: int, start: int, prev_crc: int
) -> tuple[list[tuple[int, bytes, int, int, int, int, int]], int, int]:
    """Walks batches while the chain holds: ([(position, records, durable, vdl, group, prev, last)], offset of the end,
    crc of the last)."""

def find_later(data: bytes | memoryview, base: int, start: int) -> int:
    """The highest `durable` position any later batch of this life claims, or 0."""

def chain_end(data: bytes | memoryview, base: int, start: int, prev_crc: int) -> tuple[int, int]:
    """(offset where the chain ends, crc of the last batch)."""

def sound_batches(
    data: bytes | memoryview, base: int, start: int
) -> list[tuple[int, bytes, int, int, int, int, int]]:
    """Every undamaged batch of this file's present life, whether the chain holds or not."""
