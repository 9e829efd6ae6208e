"""CRC-32C of redo records, log batches and pages."""

from collections.abc import Buffer

IMPLEMENTATION: str
"""Which one was chosen: "sse4.2", "armv8 crc" or "slicing by 8"."""

def crc32c(data: Buffer, crc: int = 0) -> int:
    """CRC-32C of `data`, continuing `crc`."""

def crc32c_software(data: Buffer, crc: int = 0) -> int:
    """The same by tables, whatever the processor can do: for tests."""

def page_checksum(page: Buffer) -> int:
    """The checksum the page should carry; its own field counts as zero. ValueError unless 8,192 bytes."""

def seal_page(page: Buffer) -> bytes:
    """A copy of the page (8,192 bytes) with its checksum field set."""

def verify_page(page: Buffer) -> bool:
    """True when the page carries its checksum, or is all zero (never written)."""
