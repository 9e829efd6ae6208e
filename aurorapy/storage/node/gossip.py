"""Gossip: the copies of a group tell each other how far they are, and who lacks records fetches them from who has them.

    A → B…F  Gossip g0 A scl=0x1f0           once a second, to every peer
    C → A    FetchRecords (0x1a8, 0x1f0]     C was behind 0x1f0 at one tick and still is at the next
    A → C    Records 0x1a8..0x1f0            taken like a batch of the writer's: into the log, durable, acknowledged

Records mean the same only between segments with the same truncation list: under another list nothing is asked, given or
taken. Whoever knows a newer list or membership than the sender of a Gossip answers with Install; who knows an older one
answers with its own Gossip, so that the other does.

What a peer said of its SCL is remembered (`Segment.peers`): a copy that comes back with less than it once had is found out
by that. One question of a segment is open at a time, so filling takes no more of a node than one batch in flight, and
while the writer's own batches queue up the next question waits for the next tick.

Errors: none come out; damage in what a peer sent is reported, and another peer asked.

Not here: runs as a whole (`transfer`), single damaged pages (`scrub`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import DataCorrupted
from aurorapy.storage import messages as m
from aurorapy.storage.members import FULL, Member
from aurorapy.storage.node.segment import Segment
from aurorapy.storage.node.transfer import Incoming, Transfers

GOSSIP_SECONDS = 1.0
ANSWER_SECONDS = 3.0  # a question that is not answered by then goes to another peer
AVOID_SECONDS = 5.0  # a peer that did not answer, or sent what was damaged
REPLY_SECONDS = 0.2  # between two answers to one peer's Gossip
RECORDS_BYTES = 256 << 10  # of one answer
BUSY_BATCHES = 32  # on their way to the disk: background work waits for the next tick


class Exchange:
    """What one segment knows of its peers, and what it has asked them."""

    def __init__(self) -> None:
        self.list_epoch = m.NO_EPOCH  # under which all of this was heard
        self.heard: dict[str, m.Gossip] = {}  # by copy, the last of each
        self.first: dict[str, int] = {}  # SCLs as first heard, by copy: where a doubt ends
        self.replied: dict[str, float] = {}
        self.avoid: dict[str, float] = {}  # copy -> until when
        self.wanted = 0  # LSN that was missing at the last tick
        self.asked = ""  # copy
        self.asked_at = 0.0
        self.next_gossip = 0.0
        self.turn = 0
        self.incoming: Incoming | None = None
        self.filled_records = self.filled_bytes = self.filled_runs = 0


class Gossiping:
    """The part of one `StorageNode` that talks with peers."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.now = 0.0
        self.exchanges: dict[int, Exchange] = {}  # by group
        self.transfers = Transfers(node, self)
        self.handlers: dict[type, Callable[[Any], list[m.Message]]] = {
            m.Gossip: self._gossip,
            m.FetchRecords: self._fetch_records,
            m.Records: self._records,
            **self.transfers.handlers,
            **dict.fromkeys((m.State, m.Installed, m.Refused, m.Missing, m.ReadFailed), self._nothing),
        }

    def _nothing(self, message: m.Message) -> list[m.Message]:
        """A peer's answer that says only that it is elsewhere in the epochs; its next Gossip says more."""
        return []

    @property
    def filled_records(self) -> int:
        """Batches of records that came from peers, of all segments."""
        return sum(exchange.filled_records for exchange in self.exchanges.values())

    def has_peers(self, segment: Segment) -> bool:
        return len(segment.membership.members) > 1

    def peers(self, segment: Segment) -> list[Member]:
        return [member for member in segment.membership.members if member.copy != segment.copy]

    def full_peers_have(self, segment: Segment, lsn: int) -> bool:
        """Have all full copies said that every record up to there is in their runs?"""
        heard = self.exchange(segment).heard
        full = [peer.copy for peer in self.peers(segment) if peer.kind == FULL]
        return bool(full) and all(copy in heard and heard[copy].sealed >= lsn for copy in full)

    def exchange(self, segment: Segment) -> Exchange:
        """Forgets what was heard under another list."""
        exchange = self.exchanges.get(segment.group)
        if exchange is None:
            exchange = self.exchanges[segment.group] = Exchange()
        if exchange.list_epoch != segment.truncations.epoch:
            exchange.list_epoch = segment.truncations.epoch
            exchange.heard.clear()
            exchange.first.clear()
            exchange.wanted, exchange.asked = 0, ""
            self.transfers.give_up(segment, exchange)
        return exchange

    # -- time ----------------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        self.now = now
        self.transfers.unpin(now)
        for segment in list(self.node.segments.values()):
            if self.has_peers(segment):
                self._tick_segment(segment, self.exchange(segment))

    def _tick_segment(self, segment: Segment, exchange: Exchange) -> None:
        now = self.now
        if segment.doubt:
            self._end_doubt(segment, exchange)
        if now >= exchange.next_gossip:
            exchange.next_gossip = now + GOSSIP_SECONDS
            said = self.said(segment)
            for member in self.peers(segment):
                self.node.tell(member, said)
        if exchange.asked and now - exchange.asked_at > ANSWER_SECONDS:
            self.disappointed(segment, exchange)
        if not exchange.asked and (exchange.incoming is None or not exchange.incoming.is_here):
            if segment.last < exchange.wanted:
                self._ask(segment, exchange)
            exchange.wanted = max([0, *(heard.scl for heard in exchange.heard.values()), *list(segment.ahead)[:1]])

    def _end_doubt(self, segment: Segment, exchange: Exchange) -> None:
        """Whatever the segment acknowledged and a writer counted, one of a read quorum of the others has as well."""
        if segment.membership.geometry.read.met(exchange.first) and segment.scl >= max(exchange.first.values()):
            segment.doubt = False
            try:
                segment.save()
            except OSError as error:
                segment.doubt = True
                self.node.report(f"the manifest of segment {segment.group}{segment.copy} could not be saved: {error}")

    def said(self, segment: Segment) -> m.Gossip:
        return m.Gossip(
            segment.epoch, segment.group, segment.copy, segment.id, segment.scl, segment.sealed, segment.horizon,
            segment.truncations.epoch, segment.membership.epoch,
        )  # fmt: skip

    def disappointed(self, segment: Segment, exchange: Exchange) -> None:
        """The peer that was asked did not answer, or not well."""
        exchange.avoid[exchange.asked] = self.now + AVOID_SECONDS
        exchange.asked = ""
        self.transfers.give_up(segment, exchange)

    # -- asking --------------------------------------------------------------------------------------------------------

    def _ask(self, segment: Segment, exchange: Exchange) -> None:
        """Asks the peer that is furthest, or, when none is known to be further, one after the other."""
        if self.node.log.failed is not None:
            return
        peers = [peer for peer in self.peers(segment) if exchange.avoid.get(peer.copy, 0.0) <= self.now]
        if not segment.is_tail:  # what is in images only, a tail copy does not have
            heard = exchange.heard
            peers = [
                peer for peer in peers
                if peer.kind == FULL or (peer.copy in heard and heard[peer.copy].horizon <= segment.sealed)
            ]  # fmt: skip
        if not peers:
            exchange.avoid.clear()
            return
        exchange.turn += 1
        start = exchange.turn % len(peers)
        scls = {copy: heard.scl for copy, heard in exchange.heard.items()}
        peer = max(peers[start:] + peers[:start], key=lambda peer: scls.get(peer.copy, 0))
        self.node.tell(peer, self._question(segment, exchange))
        exchange.asked, exchange.asked_at = peer.copy, self.now

    def _question(self, segment: Segment, exchange: Exchange) -> m.FetchRecords:
        return m.FetchRecords(
            segment.epoch, segment.group, segment.last, exchange.wanted, segment.truncations.epoch, segment.sealed
        )  # fmt: skip

    # -- hearing -------------------------------------------------------------------------------------------------------

    def _gossip(self, message: m.Gossip) -> list[m.Message]:
        segment = self.node.segments.get(message.group)
        if segment is None:
            return []
        mine = (segment.truncations.epoch, segment.membership.epoch)
        theirs = (message.truncations, message.membership)
        if mine > theirs:
            if segment.truncations.epoch != segment.epoch:
                return []  # fenced by somebody who has not decided yet
            return [m.Install(segment.epoch, segment.group, segment.truncations, segment.membership)]
        if mine < theirs:
            return self._reply(segment, message)
        member = next((peer for peer in self.peers(segment) if peer.copy == message.copy), None)
        if member is None or member.segment not in ("", message.segment):
            return []  # another than the one whose promises count
        exchange = self.exchange(segment)
        exchange.heard[message.copy] = message
        exchange.first.setdefault(message.copy, message.scl)
        segment.peers[message.copy] = max(segment.peers.get(message.copy, 0), message.scl)
        return self._reply(segment, message) if message.scl < segment.scl else []

    def _reply(self, segment: Segment, message: m.Gossip) -> list[m.Message]:
        """Our own Gossip, not too often: the other may answer it."""
        replied = self.exchange(segment).replied
        if replied.get(message.copy, -REPLY_SECONDS) + REPLY_SECONDS > self.now:
            return []
        replied[message.copy] = self.now
        return [self.said(segment)]

    # -- giving and taking ---------------------------------------------------------------------------------------------

    def _fetch_records(self, message: m.FetchRecords) -> list[m.Message]:
        segment = self.node.segments.get(message.group)
        if segment is None:
            return self.node.hosting.missing(message)
        is_peer = message.truncations is not None
        if is_peer and (message.epoch, message.truncations) != (segment.epoch, segment.truncations.epoch):
            return [self.said(segment)]
        if message.epoch != segment.epoch:
            return self.node.epochs.other(segment, message.epoch)
        upto = min(message.upto, segment.scl)
        try:
            bytes_max = min(RECORDS_BYTES, self.node.config.batch_bytes_max)
            records, last = segment.records_between(message.after, upto, bytes_max)
        except (DataCorrupted, OSError) as error:
            self.node.report(f"records for a peer could not be read: {error}")
            records, last = b"", message.after
        can_offer = not segment.is_patched() and (not segment.is_tail or message.sealed >= segment.records_from())
        if is_peer and not records and message.after < segment.sealed and can_offer:
            return [self.transfers.offer(segment, message)]
        return [
            m.Records(segment.epoch, segment.group, segment.copy, segment.truncations, message.after, last, records)
        ]  # fmt: skip

    def _records(self, message: m.Records) -> list[m.Message]:
        """A peer's records, also handed on by a recovery: only under the same list do both mean the same by an LSN."""
        segment = self.node.segments.get(message.group)
        if segment is None:
            return self.node.hosting.missing(message)
        if message.epoch != segment.epoch or message.truncations.epoch != segment.truncations.epoch:
            return self.node.epochs.other(segment, message.epoch)
        exchange = self.exchange(segment)
        was_asked = exchange.asked == message.copy and exchange.incoming is None
        if not message.records:
            if was_asked:
                self.disappointed(segment, exchange)
            return []
        try:
            self.node.accept(segment, message)
        except DataCorrupted as error:
            self.node.report(f"records of a peer are damaged: {error}")
            if was_asked:
                self.disappointed(segment, exchange)
            return []
        exchange.filled_records += 1
        exchange.filled_bytes += len(message.records)
        if not was_asked:
            return []
        exchange.asked = ""
        if segment.last >= exchange.wanted or segment.last < message.last or self.is_busy():
            return []
        exchange.asked, exchange.asked_at = message.copy, self.now
        return [self._question(segment, exchange)]

    def is_busy(self) -> bool:
        return len(self.node.in_flight) >= BUSY_BATCHES or bool(self.node.waiting)
