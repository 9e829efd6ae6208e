from typing import Any, Callable

from aurorapy_native.redo import RedoBuffer
from aurorapy_native.tasks import RunQueue, Sender

def again(error: Any) -> Any:
    """A fresh copy of a lasting error, for one more raise."""

class DurableWait:
    """Somebody who waits until the VDL has passed an LSN."""

    def passed(self, error: Any) -> int:
        """Called once: `error` is None when the VDL has passed, else why it never will."""

class TaskWait(DurableWait):
    """A task's wait."""

class GroupProgress:
    """How far the copies of one protection group are."""

    positions: dict[str, int]
    """SCL by copy, of all that are written to."""
    complete: int
    """PGCL: on a write quorum."""
    read_point: int
    """The group's last LSN at or below the VDL."""
    write: Any
    """The rule of its write quorum."""
    def __init__(self, positions: dict[str, int], complete: int = 0, write: Any = None) -> None:
        """`positions`: SCL by copy; `complete`: the group's last LSN at or below the VDL; `write`: the rule of its
        write quorum, needed where there is more than one copy."""

class Take:
    """What one flush took: durable when every group has its part of it on a write quorum."""

class VolumeCore(Sender):
    """The fields and the hot half of storage.volume.Volume, which supplies `create_group(group)`, `receive_other(copy,
    message)` and `failed(error)`."""

    epoch: Any
    transport: Any
    tasks: Any
    redo: RedoBuffer
    vdl: int
    groups: dict[int, GroupProgress]
    takes: Any
    failure: Any
    closed: bool
    follows: bool
    """A reader's: nothing is written here."""
    feed: Callable[[int, list[bytes]], None] | None
    """For readers: told of every flush, its end and its records; None while there are none."""
    def __init__(
        self, tasks: RunQueue, redo: RedoBuffer, transport: Any, epoch: Any,
        groups: dict[int, GroupProgress], limit_bytes: int, batch_bytes: int,
    ) -> None:
        """`groups`: what recovery found, a GroupProgress by number. limit_bytes: how far LSNs may run ahead of the
        VDL."""
    def on_vdl(self, callback: Callable[[int], None]) -> None:
        """callback(vdl), in the loop or wherever the VDL moves, before those who wait run. Must not wait or raise."""
    def flush(self) -> int:
        """Sends everything that is pending, now. Not inside a mini-transaction."""
    def receive(self, copy: str, message: Any) -> None:
        """What a copy says unasked."""
    def recount(self, group: int) -> None:
        """The write rule of a group has changed: what the copies hold already may be enough by it."""
    def follow(self, vdl: int) -> None:
        """A reader has applied everything up to this VDL of its writer's."""
    def take_over(self, epoch: Any, vdl: int, position: int, groups: dict[int, GroupProgress]) -> None:
        """The reader's volume becomes the writer's: a recovery has ended at `vdl`, and pages are there already."""
    def allow(self, limit_bytes: int) -> None:
        """LSNs may be handed out up to so many bytes above the VDL; who waited for that goes on."""
    def fail(self, error: Any) -> None:
        """Nothing will become durable any more: everybody who waits is told. The first error stays."""
    def when_passed(self, lsn: int, wait: DurableWait) -> None:
        """wait.passed(None) once VDL >= lsn; what is pending leaves when somebody else wants it, or in its time."""
    def wait_durable(self, lsn: int) -> None:
        """The task waits until VDL >= lsn; what is pending is sent for it."""
    def wait_for_room(self) -> None:
        """The task waits until the VDL has moved: for a mini-transaction that found no LSN below the limit."""
