"""One client's bytes: stub of client.pyx, which holds the chapter."""

from typing import Any

from aurorapy_native.outbuffer import OutBuffer
from aurorapy_native.short_path import ShortPath
from aurorapy_native.tasks import Sender
from aurorapy_native.wire import MessageReader

class ClientGone(BaseException):
    """The peer closed; nothing can be said to it any more."""

class ClientStream(Sender):
    """The stream's two ends: `reader` and `out`. A protocol of the event loop, with connection_made and the like left
    out."""

    transport: Any
    can_write: Any
    lost: bool
    def __init__(self, tasks: Any) -> None:
        """`tasks`: host.tasks."""
    @property
    def reader(self) -> MessageReader: ...
    @property
    def out(self) -> OutBuffer: ...
    @property
    def tasks(self) -> Any: ...
    def use_socket(self, descriptor: int) -> None:
        """What is sent may go to this socket directly from now on; -1: through the transport only."""
    def data_received(self, data: bytes) -> None: ...
    def wake(self) -> bool:
        """Runs the task that waits for bytes; False when it does not."""
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...
    def send(self) -> None:
        """Sends what collected, without waiting."""
    def drain(self) -> None:
        """Sends what collected; waits while the client does not read."""
    def wait_for_more(self, timeout: float | None = None) -> None:
        """Returns when bytes have arrived; TimeoutError after `timeout` seconds."""
    def next_message(self) -> tuple:
        """The next message, for who is in the middle of something (COPY); what collected is sent before waiting for
        it."""
    def next_for(self, short: ShortPath) -> tuple:
        """The next message that is not the short path's, which meanwhile answers what is; idle while there is none."""
