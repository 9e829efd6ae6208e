"""Storage nodes reached over links: where each copy of each group lives, questions and their answers, pages.

    transport = LinkTransport(host, places)
    transport.place(0, membership)                     # A … F of group 0 live there
    transport.send("A", Write(...))                    # encoded once for all copies it goes to
    answers = transport.ask(Ask(epoch, 0), enough)     # by copy; returns as soon as enough(answers)
    page = transport.read(...)                         # quickest copy first, another one when it is late

A question carries a number, and so does its answer; it is put again whenever its link comes back, and every second: every
message may be received twice. A link whose backlog is beyond `BACKLOG_BYTES` gets no more batches: `skipped` names the
copies that missed some, and the volume sees to them (`laggards`).

Errors: Unreachable when too few answer in `ASK_SECONDS`.

Not here: which answers are enough (`recovery`), quorums and epochs, the frames (`host`).
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Any, Callable, Iterable, Mapping

from aurorapy.errors import DatabaseError, DataCorrupted, IoError
from aurorapy.host import Host, Link, waits
from aurorapy.storage import messages as m
from aurorapy.storage.codec import decode, encode
from aurorapy.storage.members import Membership, NodePlace
from aurorapy.storage.volume.transport import Answers, Unreachable
from aurorapy_native.checksum import verify_page

ASK_SECONDS = 15.0
AGAIN_SECONDS = 1.0
GRACE_SECONDS = 0.02
ACKS_REMEMBERED = 1000
BACKLOG_BYTES = 4 << 20
READ_SECONDS = 30.0  # a page that no copy can serve now may come back with its node
HEDGE_SECONDS_MIN = 0.005
HEDGE_FACTOR = 4  # a read is late when it takes so many times what is usual
LATENCY_UNKNOWN = 0.001
LATENCY_WEIGHT = 0.1
TOO_OLD = "72000"
LASTING = ("XX001", TOO_OLD)  # what every copy says of a page is not going to change: damaged, too old


class Question:
    """One message to several nodes, until enough of them have answered."""

    def __init__(self, waiter: Any, enough: Callable[[Answers], bool]) -> None:
        self.waiter = waiter
        self.enough = enough
        self.open: dict[int, tuple[str, Link, tuple[bytes, ...]]] = {}  # by number: who has not answered
        self.answers: dict[str, m.Message] = {}

    def answered(self, number: int, message: m.Message) -> None:
        name, _, _ = self.open.pop(number)
        self.answers[name] = message
        if not self.open or self.enough(self.answers):
            self.waiter.wake()


class PageRead:
    """A page wanted from any of several copies."""

    def __init__(self, waiter: Any) -> None:
        self.waiter = waiter
        self.open: dict[int, tuple[str, Link, float]] = {}  # by number: copy, link, when it was asked
        self.page: bytes | None = None
        self.problem: DatabaseError | None = None


class LinkTransport:
    """See the chapter. `places`: the storage nodes of the configuration."""

    def __init__(self, host: Host, places: Iterable[NodePlace]) -> None:
        self.host = host
        self.places = tuple(places)
        self.epoch = m.NO_EPOCH  # of page reads
        self.skipped: set[tuple[int, str]] = set()  # (group, copy) that missed a batch
        self.sent_batch: Callable[[m.Write], None] = lambda batch: None  # before it goes to the first of its copies
        self.came_up: Callable[[int, str], None] = lambda group, copy: None  # the link to a copy stands (again)
        self.hedged_reads = self.page_reads = 0
        self.messages = self.acks = 0  # sent to nodes, and what they acknowledged
        self.batches = self.bytes = 0  # each once, whatever the number of copies
        self._receive: Callable[[str, m.Message], None] = lambda copy, message: None
        self._links: dict[str, Link] = {}  # by address
        self._routes: dict[tuple[int, str], Link] = {}
        self._copies: dict[tuple[int, str], str] = {}  # (group, address) → copy
        self.memberships: dict[int, Membership] = {}
        self.latencies: dict[str, float] = {}  # of page reads, by address
        self._reading: Counter[str] = Counter()  # page reads that are open, by address
        self._sent: dict[tuple[int, str], tuple[int, float]] = {}  # a batch whose acknowledgement is timed: its last LSN, when
        self._ack_seconds: dict[tuple[int, str], deque[float]] = {}
        self._questions: dict[int, Question | PageRead] = {}  # by number
        self._number = 0
        self._last: tuple[m.Message | None, tuple[bytes, ...]] = (None, ())
        self._closed = False
        for place in self.places:
            self._link(place.address)

    # -- Transport -------------------------------------------------------------------------------------------------------

    def receive(self, callback: Callable[[str, m.Message], None]) -> None:
        self._receive = callback

    def groups(self) -> list[int]:
        return sorted(self.memberships)

    def place(self, group: int, membership: Membership) -> None:
        before = self.memberships.get(group)
        for member in before.members if before is not None else ():
            self._routes.pop((group, member.copy), None)
            self._copies.pop((group, member.address), None)
        self.memberships[group] = membership
        for member in membership.members:
            self._routes[group, member.copy] = self._link(member.address)
            self._copies[group, member.address] = member.copy
        self.skipped.intersection_update(self._routes)  # who has left lacks nothing

    def send(self, copy: str, message: m.Message) -> None:
        is_write = type(message) is m.Write
        if is_write and message is not self._last[0]:
            self.sent_batch(message)
            self.batches += 1
            self.bytes += len(message.records)
        last, parts = self._last
        if last is not message:
            parts = encode(message)
            self._last = (message, parts)
        link = self._routes.get((message.group, copy))
        if link is None:
            return
        if not link.is_up or (is_write and link.backlog() > BACKLOG_BYTES):
            if is_write:
                self.skipped.add((message.group, copy))
            return
        self.messages += 1
        if is_write:
            if (message.group, copy) not in self._sent:
                self._sent[message.group, copy] = message.last, self.host.clock.monotonic()
        link.send(*parts)

    def _acknowledged(self, message: m.Durable) -> None:
        self.acks += 1
        key = message.group, message.copy
        sent = self._sent.get(key)
        if sent is not None and message.scl >= sent[0]:
            del self._sent[key]
            seconds = self._ack_seconds.get(key)
            if seconds is None:
                seconds = self._ack_seconds[key] = deque(maxlen=ACKS_REMEMBERED)
            seconds.append(self.host.clock.monotonic() - sent[1])

    def ack_latencies(self, group: int, copy: str) -> tuple[float, float]:
        """p50 and p99 of the time from a batch's leaving to its acknowledgement, in seconds; 0 while there is none."""
        seconds = sorted(self._ack_seconds.get((group, copy), ()))
        return (seconds[len(seconds) // 2], seconds[len(seconds) * 99 // 100]) if seconds else (0.0, 0.0)

    def backlog(self, group: int, copy: str) -> int:
        """Bytes on their way to a copy; none when its link is down: it is told what it lacks when the link comes back."""
        link = self._routes[group, copy]
        return link.backlog() if link.is_up else BACKLOG_BYTES

    def ask(
        self, message: m.Message | Mapping[str, m.Message], enough: Callable[[Answers], bool], wait_s: float = ASK_SECONDS
    ) -> dict[str, m.Message]:
        if isinstance(message, Mapping):
            targets = {copy: (self._routes.get((each.group, copy)), each) for copy, each in message.items()}
        else:
            members = self.memberships[message.group].members
            targets = {member.copy: (self._routes[message.group, member.copy], message) for member in members}
        return self._ask({name: (link, each) for name, (link, each) in targets.items() if link is not None}, enough, wait_s)

    def meet(self, places: Iterable[NodePlace]) -> bool:
        known = {place.name for place in self.places}
        new = tuple(place for place in places if place.name not in known)
        self.places += new
        for place in new:
            self._link(place.address)
        return bool(new)

    def reset(self) -> None:
        """Every link breaks, and is made anew."""
        for link in self._links.values():
            link.reset()

    def forget(self, name: str) -> None:
        """No group has a copy on that node any more."""
        self.places = tuple(place for place in self.places if place.name != name)

    def ask_nodes(
        self, message: m.Message, enough: Callable[[Answers], bool], wait_s: float = ASK_SECONDS
    ) -> dict[str, m.Message]:
        return self._ask({place.name: (self._link(place.address), message) for place in self.places}, enough, wait_s)

    def ask_node(self, place: NodePlace, message: m.Message) -> m.Message:
        return self._ask({place.name: (self._link(place.address), message)}, bool)[place.name]

    def read_page(self, copy: str, group: int, page_no: int, lsn: int) -> bytes:
        return self.read(group, page_no, lsn, 0, lambda: [copy])

    def close(self) -> None:
        self._closed = True
        for link in self._links.values():
            link.close()

    # -- questions ---------------------------------------------------------------------------------------------------------

    def _ask(
        self, targets: dict[str, tuple[Link, m.Message]], enough: Callable[[Answers], bool], wait_s: float = ASK_SECONDS
    ) -> dict[str, m.Message]:
        question = Question(self.host.tasks.waiter(), enough)
        for name, (link, message) in targets.items():
            number = self._next_number(question)
            parts = encode(message, number)
            question.open[number] = (name, link, parts)
            if link.is_up:
                link.send(*parts)
        deadline = self.host.clock.monotonic() + wait_s
        try:
            while True:
                try:
                    question.waiter.wait(min(AGAIN_SECONDS, wait_s))
                except TimeoutError:
                    pass
                if enough(question.answers):
                    self._wait_for_the_rest(question)
                    return question.answers
                if not question.open or self.host.clock.monotonic() > deadline:
                    said = "; ".join(f"{name}: {answer}" for name, answer in sorted(question.answers.items()))
                    what = next(iter(targets.values()))[1] if targets else "nothing"
                    raise Unreachable(f"too few storage nodes answered {what}: {said or 'none'}", answers=question.answers)
                question.waiter = self.host.tasks.waiter()
                for _, link, parts in question.open.values():
                    if link.is_up:
                        link.send(*parts)
        finally:
            for number in question.open:
                self._questions.pop(number, None)

    def _wait_for_the_rest(self, question: Question) -> None:
        """Enough have answered; those that can at once are waited for: the more is known, the less is to be repaired."""
        question.enough = lambda answers: False
        if question.open and any(link.is_up for _, link, _ in question.open.values()):
            question.waiter = self.host.tasks.waiter()
            try:
                question.waiter.wait(GRACE_SECONDS)
            except TimeoutError:
                pass

    def _next_number(self, question: Question | PageRead) -> int:
        self._number = self._number % 0xFFFFFFFF + 1
        self._questions[self._number] = question
        return self._number

    # -- pages -------------------------------------------------------------------------------------------------------------

    def read(self, group: int, page_no: int, lsn: int, point: int, copies: Callable[[], list[str]]) -> bytes:
        """The page from any of `copies()`, which is asked anew when none of them gave it: the quickest first, the next
        one when it is late or cannot. May switch. Raises the last problem after READ_SECONDS."""
        tasks, clock = self.host.tasks, self.host.clock
        deadline = clock.monotonic() + READ_SECONDS
        read = PageRead(tasks.waiter(waits.DATA_FILE_READ))
        tried: set[str] = set()
        self.page_reads += 1
        try:
            while True:
                copy = self._quickest(group, [each for each in copies() if each not in tried])
                if copy is not None:
                    if read.open:
                        self.hedged_reads += 1
                    tried.add(copy)
                    link = self._routes[group, copy]
                    number = self._next_number(read)
                    read.open[number] = (copy, link, clock.monotonic())
                    self._reading[link.address] += 1
                    self.messages += 1
                    link.send(*encode(m.ReadPage(self.epoch, group, page_no, lsn, point), number))
                late = self._late(read) if copy is not None else 0.1
                try:
                    read.waiter.wait(late)
                except TimeoutError:
                    pass
                if read.page is not None:
                    return read.page
                read.waiter = tasks.waiter(waits.DATA_FILE_READ)
                if copy is None:
                    is_lasting = not read.open and read.problem is not None and read.problem.sqlstate in LASTING
                    if is_lasting or clock.monotonic() > deadline:
                        raise read.problem or IoError(f"no copy can serve page {page_no} at LSN {lsn}")
                    tried = {each for each, _, _ in read.open.values()}
        finally:
            for number, (_, link, _) in read.open.items():
                self._questions.pop(number, None)
                self._reading[link.address] -= 1

    def _quickest(self, group: int, copies: list[str]) -> str | None:
        """The copy that would answer first, behind what its node has been asked already."""
        routes, latencies, reading = self._routes, self.latencies, self._reading

        def expected(copy: str) -> tuple[float, int]:
            address = routes[group, copy].address
            return latencies.get(address, 0.0) * (1 + reading[address]), reading[address]

        up = [copy for copy in copies if (link := routes.get((group, copy))) is not None and link.is_up]
        return min(up, key=expected, default=None)

    def _late(self, read: PageRead) -> float:
        usual = max((self.latencies.get(link.address, LATENCY_UNKNOWN) for _, link, _ in read.open.values()), default=0)
        return max(HEDGE_SECONDS_MIN, HEDGE_FACTOR * usual)

    def _page_answered(self, read: PageRead, number: int, message: m.Message) -> None:
        copy, link, asked_at = read.open.pop(number)
        self._reading[link.address] -= 1
        if type(message) is m.Page and verify_page(message.content):
            self._took(link.address, self.host.clock.monotonic() - asked_at)
            read.page = message.content
        elif type(message) is m.Page:
            read.problem = DataCorrupted(f"page {message.page_no} from copy {copy} is damaged: its checksum does not match")
        elif type(message) is m.ReadFailed:
            kind = DataCorrupted if message.sqlstate == DataCorrupted.sqlstate else DatabaseError
            if read.problem is None or read.problem.sqlstate != TOO_OLD:  # of a version that is gone, damage is no news
                read.problem = kind(message.reason, sqlstate=message.sqlstate)
        else:
            self._receive(copy, message)
        read.waiter.wake()

    def _took(self, address: str, seconds: float) -> None:
        before = self.latencies.get(address, seconds)
        self.latencies[address] = before + LATENCY_WEIGHT * (seconds - before)

    # -- a link's user -------------------------------------------------------------------------------------------------------

    def _link(self, address: str) -> Link:
        link = self._links.get(address)
        if link is None:
            link = self._links[address] = self.host.network.connect(address, self)
        return link

    def link_up(self, link: Link) -> None:
        for question in {id(each): each for each in self._questions.values()}.values():
            if isinstance(question, Question):
                for _, asked, parts in question.open.values():
                    if asked is link:
                        link.send(*parts)
        for (group, copy), route in [*self._routes.items()]:
            if route is link:
                self.came_up(group, copy)

    def link_lost(self, link: Link) -> None:
        for read in {id(each): each for each in self._questions.values() if isinstance(each, PageRead)}.values():
            for number, (_, asked, _) in [*read.open.items()]:
                if asked is link:
                    del read.open[number]
                    self._reading[link.address] -= 1
                    self._questions.pop(number, None)
                    read.waiter.wake()

    def link_frame(self, link: Link, frame: bytes) -> None:
        message, number = decode(frame)
        if self._closed:
            return
        question = self._questions.pop(number, None) if number else None
        if isinstance(question, Question):
            question.answered(number, message)
        elif question is not None:
            self._page_answered(question, number, message)
        elif not number:
            if type(message) is m.Durable:
                self._acknowledged(message)
            copy = self._copies.get((message.group, link.address)) if type(message) is not m.Failed else message.copy
            if copy is not None and getattr(message, "copy", copy) in (copy, ""):
                self._receive(copy, message)
