"""Processes of this host: started, found again, watched, ended; always by pid and start time.

    child = spawn(command, log)           a session of its own: it outlives its supervisor, and Ctrl-C is not for it
    child = adopt(pid, born)              one that an earlier supervisor started, if it is still that process
    child.descriptor                      a pidfd: readable when it has ended
    child.signal(signal.SIGTERM)
    note_running(data, …), running(data)  who runs, in a file of the host's directory: stop needs no store

Errors: OSError when a process cannot be started.

Not here: which shall run (`supervision`).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Mapping, NamedTuple

RUNNING_FILE = "running.json"
SUPERVISOR = "supervisor"


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


class Noted(NamedTuple):
    name: str
    kind: str
    pid: int
    born: int

    @property
    def is_alive(self) -> bool:
        return is_alive(self.pid, self.born)

    def signal(self, number: signal.Signals) -> None:
        child = adopt(self.pid, self.born)
        if child is not None:
            child.signal(number)
            os.close(child.descriptor)


def note_running(data: Path, children: Mapping[str, tuple[Child, str]]) -> None:
    """This process, as their supervisor, and these."""
    noted = [Noted(SUPERVISOR, SUPERVISOR, os.getpid(), born(os.getpid()) or 0)]
    noted += [Noted(name, kind, child.pid, child.born) for name, (child, kind) in children.items()]
    path = data / RUNNING_FILE
    new = path.with_suffix(".new")
    new.write_text(json.dumps([each._asdict() for each in noted]))
    new.replace(path)


def running(data: Path) -> list[Noted]:
    """Those that still are what they were, the supervisor first."""
    try:
        noted = [Noted(**each) for each in json.loads((data / RUNNING_FILE).read_text())]
    except (OSError, ValueError, TypeError):
        return []
    return [each for each in noted if each.is_alive]
