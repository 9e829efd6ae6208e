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
COPY = ".copy"
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


def save_both(disk: Disk, path: str, kind: str, content: dict[str, Any], serial: int) -> None:
    """The same twice, one after the other, so that damage to one loses nothing. `serial` grows with each saving."""
    for each in (path, path + COPY):
        save(disk, each, kind, {**content, "serial": serial})


def load_either(disk: Disk, path: str, kind: str) -> tuple[dict[str, Any], bool]:
    """(content of the newer of the two that is sound, whether both are and say the same). One alone is as good as it was
    before there were two. DataCorrupted when none is sound, FileNotFoundError when there is none."""
    found, problem = [], None
    for each in (path, path + COPY):
        try:
            found.append(load(disk, each, kind))
        except FileNotFoundError:
            continue
        except (DataCorrupted, FeatureNotSupported, OSError) as error:
            problem = error
    if not found:
        if problem is None:
            raise FileNotFoundError(path)
        raise problem
    newest = max(found, key=lambda content: content.get("serial", 0))
    return newest, problem is None and all(content == newest for content in found)


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
