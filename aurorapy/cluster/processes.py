"""Processes of this host: started, found again, watched, ended; always by pid and start time.

    child = spawn(command, log)           a session of its own: it outlives its supervisor, and Ctrl-C is not for it
    child = adopt(pid, born)              one that an earlier supervisor started, if it is still that process
    child.descriptor                      a pidfd: readable when it has ended
    child.signal(signal.SIGTERM)

Errors: OSError when a process cannot be started.

Not here: which shall run (`supervision`).
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path


class Child:
    def __init__(self, pid: int, born: int, popen: subprocess.Popen | None) -> None:
        self.pid, self.born = pid, born
        self.descriptor = os.pidfd_open(pid)
        self._popen = popen

    def signal(self, number: signal.Signals) -> None:
        try:
            signal.pidfd_send_signal(self.descriptor, number)
        except ProcessLookupError:
            pass

    def reap(self) -> int | None:
        """After its end: the exit status, if it was a child of ours."""
        status = self._popen.wait() if self._popen is not None else None
        os.close(self.descriptor)
        return status


def spawn(command: list[str], log: Path) -> Child:
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as output:
        popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    return Child(popen.pid, born(popen.pid) or 0, popen)


def adopt(pid: int, born_then: int) -> Child | None:
    if not is_alive(pid, born_then):
        return None
    try:
        return Child(pid, born_then, None)
    except OSError:
        return None


def is_alive(pid: int, born_then: int) -> bool:
    return pid > 0 and born(pid) == born_then


def born(pid: int) -> int | None:
    """Its start in clock ticks since the machine's; None for a process that is not there, or only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else int(fields[19])
