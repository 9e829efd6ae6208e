"""How the instance's side reaches its storage nodes.

`Transport` is what the volume needs; `DirectTransport` reaches nodes in the same process by function calls, so that a
batch costs no copy and no switch. A transport over sockets has the same methods and may switch in `ask` and `read_page`.

Errors: Unreachable when no quorum of copies can be asked.
"""

from __future__ import annotations

from typing import Callable, Protocol

from aurorapy.errors import IoError
from aurorapy.host import Host
from aurorapy.storage import messages as m
from aurorapy.storage.node import StorageNode


class Unreachable(IoError):
    """Too few copies answer; worth trying again when they come back."""


class Transport(Protocol):
    def receive(self, callback: Callable[[str, m.Message], None]) -> None:
        """callback(copy, message) for everything nodes say unasked."""

    def groups(self) -> list[int]:
        """Protection groups the volume has."""

    def send(self, copy: str, message: m.Message) -> None:
        """To one copy; answers come to `receive`. Never waits."""

    def ask(self, message: m.Message, enough: Callable[[set[str]], bool]) -> dict[str, m.Message]:
        """To all copies; returns once `enough(copies that answered)`. Raises Unreachable."""

    def read_page(self, copy: str, group: int, page_no: int, lsn: int) -> bytes: ...
    def close(self) -> None: ...


class DirectTransport:
    """Nodes in this process, by the name of the copy they hold (of every group)."""

    def __init__(self, host: Host, nodes: dict[str, StorageNode]) -> None:
        self._clock = host.clock
        self.nodes = nodes
        self._receive: Callable[[str, m.Message], None] = lambda copy, message: None
        for copy, node in nodes.items():
            node.send = lambda message, copy=copy: self._receive(copy, message)

    def receive(self, callback: Callable[[str, m.Message], None]) -> None:
        self._receive = callback

    def groups(self) -> list[int]:
        return sorted(set().union(*(node.segments for node in self.nodes.values())))

    def send(self, copy: str, message: m.Message) -> None:
        for answer in self.nodes[copy].step(message, 0.0):
            self._receive(copy, answer)

    def ask(self, message: m.Message, enough: Callable[[set[str]], bool]) -> dict[str, m.Message]:
        answers: dict[str, m.Message] = {}
        now = self._clock.monotonic()
        for copy, node in self.nodes.items():
            if message.group not in node.segments:
                continue
            for answer in node.step(message, now):
                answers[copy] = answer
        if not enough(set(answers)):
            raise Unreachable(f"too few copies of protection group {message.group} answered: {sorted(answers)}")
        return answers

    def read_page(self, copy: str, group: int, page_no: int, lsn: int) -> bytes:
        return self.nodes[copy].read_page(group, page_no, lsn)

    def close(self) -> None:
        for node in self.nodes.values():
            node.close()
