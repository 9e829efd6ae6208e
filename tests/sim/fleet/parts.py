"""What the simulated machines run: storage nodes and writers, put together from production classes.

Not here: what happens to them.
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import DatabaseError, IoError
from aurorapy.storage import messages as m
from aurorapy.storage.codec import decode, encode
from aurorapy.storage.node import StorageNode
from aurorapy.storage.options import StorageConfig
from aurorapy.storage.quorum import Geometry
from aurorapy.storage.volume.recovery import recover
from aurorapy.storage.volume.transport import Unreachable
from aurorapy.storage.volume.volume import Volume

from tests.sim.fleet.hosts import Process

NODE_DIRECTORY = "data/node"
ASK_TIMEOUT = 5.0
TICK_SECONDS = 0.1
GOSSIP = False  # nodes fill their holes from each other


class MiniServer:
    """A storage node behind links."""

    def __init__(self, process: Process, address: str, name: str, config: StorageConfig) -> None:
        self.process = process
        self.node = StorageNode(process, NODE_DIRECTORY, name, config)
        self.node.open()
        self.node.send = self._send
        self.node.start()
        self.writers: dict[int, Any] = {}
        self.listening = process.network.listen(address, self)
        process.tasks.call_later(TICK_SECONDS, self._tick)

    def link_up(self, link: Any) -> None:
        pass

    def link_lost(self, link: Any) -> None:
        pass

    def link_frame(self, link: Any, frame: bytes) -> None:
        message, number = decode(frame)
        if message.group not in self.node.segments and type(message) is not m.CreateSegment:
            return
        if type(message) in (m.Write, m.Horizons, m.Fence):
            self.writers[message.group] = link
        if type(message) is m.ReadPage and m.ReadPage not in self.node._handlers:
            link.send(*encode(self._read(message), number))
            return
        for answer in self.node.step(message, 0.0):
            link.send(*encode(answer, number))

    def _send(self, message: m.Message) -> None:
        for link in [self.writers.get(message.group)] if hasattr(message, "group") else self.writers.values():
            if link is not None:
                link.send(*encode(message, 0))

    def _read(self, message: m.ReadPage) -> m.Message:
        segment = self.node.segments[message.group]
        try:
            page = self.node.read_page(message.group, message.page_no, message.lsn)
        except DatabaseError as error:
            return m.ReadFailed(segment.epoch, message.group, segment.copy, message.page_no, error.sqlstate, error.message)
        return m.Page(segment.epoch, message.group, segment.copy, message.page_no, page)

    def _tick(self) -> None:
        self.process.tasks.call_later(TICK_SECONDS, self._tick)
        self.node.tick(0.0)


class MiniTransport:
    """One writer's links to all nodes: a `Transport`."""

    def __init__(self, process: Process, places: dict[str, str], groups: list[int]) -> None:
        self._process, self._groups = process, groups
        self._number = 0
        self.epoch = m.NO_EPOCH
        self._asked: dict[int, tuple[Any, Callable[[str, m.Message], None]]] = {}
        self._receive: Callable[[str, m.Message], None] = lambda copy, message: None
        self._links = {copy: process.network.connect(address, self) for copy, address in places.items()}
        self._copies = {link: copy for copy, link in self._links.items()}

    def link_up(self, link: Any) -> None:
        for number, (messages, _) in self._asked.items():
            if self._copies[link] in messages:
                link.send(*encode(messages[self._copies[link]], number))

    def link_lost(self, link: Any) -> None:
        pass

    def link_frame(self, link: Any, frame: bytes) -> None:
        message, number = decode(frame)
        copy = self._copies[link]
        if number == 0:
            self._receive(copy, message)
        elif number in self._asked:
            self._asked[number][1](copy, message)

    def receive(self, callback: Callable[[str, m.Message], None]) -> None:
        self._receive = callback

    def groups(self) -> list[int]:
        return self._groups

    def send(self, copy: str, message: m.Message) -> None:
        self._links[copy].send(*encode(message, 0))

    def place(self, group: int, membership: Any) -> None:
        pass

    def node_count(self) -> int:
        return len(self._links)

    def ask_nodes(self, message: m.Message, enough: Callable[[Any], bool]) -> dict[str, m.Message]:
        return self.ask(message, enough)

    def ask(self, message: Any, enough: Callable[[Any], bool]) -> dict[str, m.Message]:
        messages = message if isinstance(message, dict) else dict.fromkeys(self._links, message)
        answers: dict[str, m.Message] = {}
        waiter = self._process.tasks.waiter()

        def answered(copy: str, answer: m.Message) -> None:
            answers[copy] = answer
            if enough(answers):
                waiter.wake()

        self._number += 1
        number = self._number
        self._asked[number] = messages, answered
        try:
            for copy, each in messages.items():
                self._links[copy].send(*encode(each, number))
            waiter.wait(ASK_TIMEOUT)
            self._process.tasks.sleep(0.05)  # the others, too
        except TimeoutError:
            raise Unreachable(f"only {sorted(answers)} answered") from None
        finally:
            del self._asked[number]
        return answers

    def read_page(self, copy: str, group: int, page_no: int, lsn: int) -> bytes:
        message = m.ReadPage(self.epoch, group, page_no, lsn, 0)
        answer = self.ask(message, lambda copies: copy in copies)[copy]
        if type(answer) is m.Page:
            return answer.content
        if type(answer) is m.ReadFailed:
            raise IoError(answer.reason, sqlstate=answer.sqlstate)
        raise IoError(str(answer))

    def close(self) -> None:
        for link in self._links.values():
            link.close()


def create_node(process: Process, name: str, copy: str, groups: int, config: StorageConfig) -> None:
    """A new node with an empty segment of each group."""
    process.disk.mkdir("data")
    node = StorageNode(process, NODE_DIRECTORY, name, config)
    node.create()
    for group in range(groups):
        node.step(m.CreateSegment(m.NO_EPOCH, group, copy, m.NO_TRUNCATIONS), 0.0)
    node.close()


def open_volume(process: Process, places: dict[str, str], groups: list[int], config: StorageConfig) -> Volume:
    """Recovery, then ready; Unreachable while too few nodes answer."""
    process.disk.lock("lock")
    transport = MiniTransport(process, places, groups)
    process.tasks.sleep(0.01)
    try:
        geometry = Geometry.of(config.copies, config.write_quorum, config.read_quorum)
        instance = process.random.below(1 << 63)
        recovered = recover(process, transport, geometry, instance, config)
    except BaseException:
        transport.close()
        process.disk.unlock("lock")
        raise
    transport.epoch = recovered.epoch
    return Volume(process, config, transport, recovered)


def read_here(node: StorageNode, page_no: int, group: int, lsn: int) -> bytes:
    """The page as this copy builds it, past the network: for checkers."""
    return node.read_page(group, page_no, lsn)


RETRY = (Unreachable, IoError)
