"""Redo records in plain Python: what aurorapy_native.redo must do, and the first thing to read about it.

    length  crc  lsn  prev_volume  prev_group  prev_page  page_no  kind  flags  changes | changes ...
    u32     u32  u64  u64          u64         u64        u32      u8    u8     u16

A page is a bytearray of 8,192; its first 8 bytes are its LSN, the next 4 its checksum, which is zero in memory.
"""

from __future__ import annotations

import struct

HEADER = struct.Struct("<IIQQQQIBBH")
WRITE, MOVE, FILL, WHOLE = 1, 2, 3, 4


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def encode_change(change: tuple) -> bytes:
    name, *rest = change
    if name == "write":
        offset, data = rest
        return struct.pack("<BBHH", WRITE, 0, offset, len(data)) + data
    if name == "move":
        offset, length, source = rest
        return struct.pack("<BBHHH", MOVE, 0, offset, length, source)
    if name == "fill":
        offset, length, byte = rest
        return struct.pack("<BBHHB", FILL, 0, offset, length, byte)
    lower, upper, data = rest
    return struct.pack("<BBHHHH", WHOLE, 0, 0, len(data), lower, upper) + data


def encode(lsn: int, page_no: int, changes: list[tuple], prev_volume=0, prev_group=0, prev_page=0, flags=0) -> bytes:
    body = b"".join(encode_change(change) for change in changes)
    head = HEADER.pack(HEADER.size + len(body), 0, lsn, prev_volume, prev_group, prev_page, page_no, 0, flags, len(changes))
    record = head + body
    return record[:4] + struct.pack("<I", crc32c(record[8:])) + record[8:]


class OutOfOrder(Exception):
    pass


def apply(page: bytearray, lsn: int, prev_page: int, changes: list[tuple]) -> bool:
    """False when the page already has it."""
    at = int.from_bytes(page[:8], "little")
    if at >= lsn:
        return False
    if prev_page and at != prev_page:
        raise OutOfOrder
    if prev_page == 0:
        page[:] = bytes(8192)
    for name, *rest in changes:
        if name == "write":
            offset, data = rest
            page[offset : offset + len(data)] = data
        elif name == "move":
            offset, length, source = rest
            page[offset : offset + length] = bytes(page[source : source + length])
        elif name == "fill":
            offset, length, byte = rest
            page[offset : offset + length] = bytes([byte]) * length
        else:
            lower, upper, data = rest
            page[12:lower] = data[12:lower]
            page[lower:upper] = bytes(upper - lower)
            page[upper:] = data[lower:]
    page[:8] = lsn.to_bytes(8, "little")
    page[8:12] = bytes(4)
    return True
