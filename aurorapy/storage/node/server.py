"""A storage node on the network: links come in from writers and peers, messages go through the node, answers go back.

    writer ── Write ──▶ link ──▶ node.step ──▶ answers, on the same link
                        link ◀── Durable ─── node.send      to the link its segment's writer last spoke on
    peer  ◀── Gossip ── link ◀────────────── node.tell      a link of ours, made when first needed

The same class runs in production and in the simulator: it knows only `host`.

Who wrote last to a segment, under the segment's epoch, is its writer; to every Horizons it is told again how far the
segment is, so that a lost Durable, or a link that was made anew, holds nothing up for more than a second.

Errors: a frame that is no message, and records that are damaged, end the link they came over; a disk that fails inside a
step leaves the question unanswered, and it is reported.

Not here: what the messages do (`node`, `epochs`, `reading`, `gossip`), frames (`host`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import DatabaseError, ObjectInUse
from aurorapy.host import Host, Link, Listening
from aurorapy.host.frames import ProtocolError
from aurorapy.storage import messages as m
from aurorapy.storage.codec import decode, encode
from aurorapy.storage.members import Member
from aurorapy.storage.node.node import StorageNode
from aurorapy.storage.node.simulated import SimulatedFaults
from aurorapy.storage.options import StorageConfig

NODE_PATH = "node"
TICK_SECONDS = 0.1
PEER_BACKLOG_BYTES = 16 << 20  # who does not take what it asked for gets no more


class NodeServer:
    """Serves one open `StorageNode`."""

    def __init__(self, host: Host, node: StorageNode) -> None:
        self.host, self.node = host, node
        self.listening: Listening | None = None
        self._writers: dict[int, Link] = {}  # by group
        self._peers: dict[str, Link] = {}  # links of ours, by address
        self._timer: Any = None
        self._faults = SimulatedFaults(host)
        node.send = self._to_writer
        node.tell = self._to_peer

    def start(self, address: str) -> None:
        """Begins to listen. OSError when the address cannot be had."""
        self.listening = self.host.network.listen(address, self)
        self.node.start()
        self._timer = self.host.tasks.call_later(TICK_SECONDS, self._tick)

    def close(self) -> None:
        """Takes no more messages, and makes durable what was taken."""
        if self._timer is not None:
            self._timer.cancel()
        if self.listening is not None:
            self.listening.close()
        for link in {*self._peers.values(), *self._writers.values()}:
            link.close()
        self.node.close()

    def _tick(self) -> None:
        self._timer = self.host.tasks.call_later(TICK_SECONDS, self._tick)
        self.node.tick(self.host.clock.monotonic())

    # -- a link's user -----------------------------------------------------------------------------------------------

    def link_up(self, link: Link) -> None:
        pass

    def link_lost(self, link: Link) -> None:
        for group, writer in [*self._writers.items()]:
            if writer is link:
                del self._writers[group]

    def link_frame(self, link: Link, frame: bytes) -> None:
        message, number = decode(frame)
        if type(message) in (m.Write, m.Horizons):
            self._note_writer(link, message)
        if self._faults or type(message) is m.Simulate:
            self._meet_faults(link, message, number)
        else:
            self._do(link, message, number)

    def _meet_faults(self, link: Link, message: m.Message, number: int) -> None:
        segment = self.node.segments.get(message.group)
        if segment is None:
            self._do(link, message, number)
        elif type(message) is not m.Simulate:
            self._faults.meet(
                message, segment.copy, lambda answer: link.send(*encode(answer, number)), lambda: self._do(link, message, number)
            )
        elif (refusal := self.node.epochs.refusal(message)) is None:
            link.send(*encode(self._faults.begin(message, segment.copy), number))
        else:
            for answer in refusal:
                link.send(*encode(answer, number))

    def _do(self, link: Link, message: m.Message, number: int) -> None:
        try:
            answers = self.node.step(message, self.host.clock.monotonic())
        except DatabaseError as error:
            self.node.report(f"{link.address} sent what cannot be taken: {error.message}")
            raise ProtocolError(error.message) from error
        except OSError as error:
            self.node.report(f"could not do {message}: {error.strerror}")
            return
        for answer in answers:
            link.send(*encode(answer, number))

    def _note_writer(self, link: Link, message: m.Write | m.Horizons) -> None:
        segment = self.node.segments.get(message.group)
        if segment is None or message.epoch != segment.epoch:
            return
        self._writers[message.group] = link
        if type(message) is m.Horizons:
            link.send(*encode(m.Durable(segment.epoch, segment.group, segment.copy, segment.scl)))

    # -- what the node says by itself ----------------------------------------------------------------------------------

    def _to_writer(self, message: m.Message) -> None:
        if type(message) is m.Failed:
            for link in set(self._writers.values()):
                link.send(*encode(message))
            return
        link = self._writers.get(message.group)
        if link is not None:
            link.send(*encode(message))

    def _to_peer(self, member: Member, message: m.Message) -> None:
        link = self._peers.get(member.address)
        if link is None:
            link = self._peers[member.address] = self.host.network.connect(member.address, self)
        if link.is_up and link.backlog() < PEER_BACKLOG_BYTES:
            link.send(*encode(message))

    def __str__(self) -> str:
        return f"{self.node} at {self.listening.address if self.listening else 'nowhere'}"


def open_node(
    host: Host, name: str, config: StorageConfig, address: str, report: Callable[[str], None] = lambda line: None
) -> NodeServer:
    """The node whose directory is the host's root, made where there is none; served. ObjectInUse when another process
    has it."""
    try:
        host.disk.lock("lock")
    except BlockingIOError:
        raise ObjectInUse("the storage node's directory is in use by another process") from None
    node = StorageNode(host, NODE_PATH, name, config)
    node.report = report
    if not node.hosting.find():
        node.create()
        node.close()
        node = StorageNode(host, NODE_PATH, name, config)
        node.report = report
    node.open()
    server = NodeServer(host, node)
    server.start(address)
    return server
