"""A small file that is replaced as a whole: what a segment consists of, what a volume is.

    aurorapy segment manifest
    crc32c 1f3a90c2
    {"epoch": [4, 81985529216486895], "format": 1, "runs": [...], ...}

Written beside the old one, made durable, renamed over it, and the rename made durable: a crash leaves the old or the new
one. Errors: DataCorrupted when the checksum does not match or the file is not of this kind; FeatureNotSupported for a
format of another version.
"""

from __future__ import annotations

import json
from typing import Any

from aurorapy.errors import DataCorrupted, FeatureNotSupported
from aurorapy.host import Disk
from aurorapy_native.checksum import crc32c

FORMAT = 1
SIZE_MAX = 16 << 20


def save(disk: Disk, path: str, kind: str, content: dict[str, Any]) -> None:
    """Replaces the file at `path`, durably. Blocks; OSError leaves the old one in force."""
    body = json.dumps({"format": FORMAT, **content}, sort_keys=True).encode()
    data = b"aurorapy %s\ncrc32c %08x\n%s\n" % (kind.encode(), crc32c(body), body)
    beside = path + ".new"
    if disk.exists(beside):  # of an attempt that failed
        disk.remove(beside)
    file = disk.open(beside, create=True)
    try:
        file.pwrite(data, 0)
        file.sync()
    finally:
        file.close()
    disk.rename(beside, path)
    disk.sync_directory(path.rpartition("/")[0])


def load(disk: Disk, path: str, kind: str) -> dict[str, Any]:
    """The content of the file at `path`. FileNotFoundError when there is none."""
    file = disk.open(path)
    try:
        data = file.pread(SIZE_MAX, 0)
    finally:
        file.close()
    head, _, rest = data.partition(b"\n")
    check, _, body = rest.partition(b"\n")
    body = body[:-1]
    if head != b"aurorapy " + kind.encode() or check != b"crc32c %08x" % crc32c(body):
        raise DataCorrupted(f"{path} is damaged: its checksum does not match")
    content = json.loads(body)
    if content.pop("format") != FORMAT:
        raise FeatureNotSupported(f"{path} was written by another version: its format is not {FORMAT}")
    return content
