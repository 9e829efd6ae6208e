"""How the instance's side reaches its storage nodes.

`Transport` is what the volume needs; `DirectTransport` reaches nodes in the same process by function calls, so that a
batch costs no copy and no switch. A transport over sockets has the same methods and may switch in `ask` and `read_page`.

Errors: Unreachable when no quorum of copies can be asked.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping, Protocol, Sequence

from aurorapy.errors import IoError
from aurorapy.host import Host
from aurorapy.storage import messages as m
from aurorapy.storage.members import Membership, NodePlace
from aurorapy.storage.node import StorageNode


class Unreachable(IoError):
    """Too few copies answer; worth trying again when they come back. `answers`: of those that did."""

    def __init__(self, message: str, answers: Mapping[str, m.Message] | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.answers = dict(answers or {})


Answers = Mapping[str, m.Message]


class Transport(Protocol):
    """Copies go by their letter in the group's membership, nodes by the name that the configuration gives them."""

    def receive(self, callback: Callable[[str, m.Message], None]) -> None:
        """callback(copy, message) for everything nodes say unasked, and for answers nobody waits for any more."""

    def groups(self) -> list[int]:
        """Protection groups that are placed."""

    def place(self, group: int, membership: Membership) -> None:
        """Who holds the group's copies: where `send` and `ask` go from now on."""

    def send(self, copy: str, message: m.Message) -> None:
        """To one copy; answers come to `receive`. Never waits."""

    def ask(self, message: m.Message | Mapping[str, m.Message], enough: Callable[[Answers], bool]) -> dict[str, m.Message]:
        """To all copies of the group, or to each copy named its own message; returns once `enough(answers so far)`. At
        most one answer a copy. Raises Unreachable when it waited for long."""

    @property
    def places(self) -> Sequence[NodePlace]:
        """Storage nodes of the configuration, and those met since."""

    def meet(self, places: Iterable[NodePlace]) -> bool:
        """These are storage nodes, too. False when all were known."""

    def ask_nodes(self, message: m.Message, enough: Callable[[Answers], bool]) -> dict[str, m.Message]:
        """To every storage node of `places`; by node. As `ask` otherwise."""

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

    def place(self, group: int, membership: Membership) -> None:
        """Every node holds the copy it is named after."""

    def send(self, copy: str, message: m.Message) -> None:
        for answer in self.nodes[copy].step(message, 0.0):
            self._receive(copy, answer)

    def ask(self, message: m.Message | Mapping[str, m.Message], enough: Callable[[Answers], bool]) -> dict[str, m.Message]:
        messages = message if isinstance(message, Mapping) else dict.fromkeys(self.nodes, message)
        answers: dict[str, m.Message] = {}
        now = self._clock.monotonic()
        for copy, each in messages.items():
            for answer in self.nodes[copy].step(each, now):
                answers[copy] = answer
        if not enough(answers):
            raise Unreachable(f"too few copies answered {', '.join(sorted(map(str, messages.values()))[:1])}: {sorted(answers)}")
        return answers

    @property
    def places(self) -> Sequence[NodePlace]:
        return [NodePlace(copy, copy, "") for copy in self.nodes]

    def meet(self, places: Iterable[NodePlace]) -> bool:
        return False

    def ask_nodes(self, message: m.Message, enough: Callable[[Answers], bool]) -> dict[str, m.Message]:
        return self.ask(message, enough)

    def read_page(self, copy: str, group: int, page_no: int, lsn: int) -> bytes:
        return self.nodes[copy].read_page(group, page_no, lsn)

    def close(self) -> None:
        for node in self.nodes.values():
            node.close()
