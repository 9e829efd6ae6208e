"""What a server's processes have used: CPU seconds, also of those that have ended, and memory.

    before = cpu_seconds(pid); …; cpu_seconds(pid) - before
    resident_bytes(pid), proportional_bytes(pid)

A process that ended counts through its parent's cutime and cstime once it was waited for, so the difference over a
benchmark is whole when the clients have gone. Threads count with their process.

Linux only (/proc).
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.M)


def cpu_seconds(root: int) -> float:
    """Of the process `root`, its descendants, and its children that were waited for."""
    ticks = 0
    for pid in process_tree(root):
        fields = _stat(pid)
        if fields:
            own, of_children = fields[11] + fields[12], fields[13] + fields[14]
            ticks += own + of_children
    return ticks / TICKS_PER_SECOND


def cpu_percent(root: int, seconds: float) -> float:
    """Of one processor, over the next `seconds`."""
    before, began = cpu_seconds(root), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(root) - before) / (time.monotonic() - began) * 100


def process_tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(fields[1], []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def is_alive(pid: int) -> bool:
    """False also for one that ended and was not waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def resident_bytes(root: int) -> int:
    """Resident memory of the tree; shared pages count once a process."""
    pages = 0
    for pid in process_tree(root):
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
    return pages * os.sysconf("SC_PAGE_SIZE")


def proportional_bytes(root: int) -> int:
    """Resident memory of the tree; a page that n processes share counts as its n-th part in each."""
    kilobytes = 0
    for pid in process_tree(root):
        try:
            found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
        except OSError:
            continue
        kilobytes += int(found[1]) if found else 0
    return kilobytes * 1024


def _stat(pid: int) -> list[int] | None:
    """The fields of /proc/PID/stat behind the name, numbers only; [1] is the parent."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return [int(field) if field.lstrip("-").isdigit() else 0 for field in text.rpartition(")")[2].split()]
