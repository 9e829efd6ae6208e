"""The internal address of an instance, where its readers and the control plane come in.

    door = InstanceDoor(host, settings)
    door.open("127.0.0.1:5602")         answers Ask at once: not open
    door.instance = instance             … open
    leader ── Ask ──▶ Report             the heartbeat
           ── AskStorage ──▶ Storage  is a write quorum within reach
           ── Promote, Follow, StepDown, ChangeNodes ──▶ `promote`, `follow`, `step_down`, each on a task of its own ──▶ their answer
    reader ── Attach, Seen ──▶ `feed`    the writer's side of the stream
           ── OpenSession ──▶ `open_session`    one client's session on the writer: the link is its user's from then on

What an instance cannot do it answers with Failed.

Errors: `open` raises OSError; a frame that is no message ends its link.

Not here: what the stream says (`messages`), when anybody is promoted (`cluster`).
"""

from __future__ import annotations

from typing import Any, Callable, Protocol

from aurorapy.errors import DatabaseError
from aurorapy.host import Host, Link, LinkUser, Listening
from aurorapy.instance import messages as im
from aurorapy.storage.members import NodePlace
from aurorapy.storage.messages import NO_EPOCH, Epoch, Lsn

CACHE_COUNTED_SECONDS = 2.0


class Feed(Protocol):
    def step(self, link: Link, message: im.Message, number: int) -> None: ...
    def link_lost(self, link: Link) -> None: ...


class Impossible(DatabaseError):
    """This instance does not do that."""


class InstanceDoor:
    """promote(number) → (epoch, vdl); follow(address, epoch); step_down(seconds) → vdl: work that may wait and raises
    DatabaseError. stepped_down is called when that answer has been handed to the link."""

    def __init__(self, host: Host, settings: dict[str, Any]) -> None:
        self._host, self._settings = host, settings
        self.role: str = settings["instance_role"]
        self.instance: Any = None  # once it is open
        self.sessions: Callable[[], int] = lambda: 0
        self.lag_us: Callable[[], int] = lambda: 0
        self.feed: Feed | None = None
        self.promote: Callable[[int], tuple[Epoch, Lsn]] = _impossible
        self.follow: Callable[[str, Epoch], None] = _impossible
        self._told: tuple[str, Epoch] | None = None  # whom to follow, before anybody can
        self.step_down: Callable[[float], Lsn] = _impossible
        self.stepped_down: Callable[[], None] = lambda: None
        self.open_session: Callable[[Link, str], LinkUser] = _impossible
        self._sessions: dict[Link, LinkUser] = {}  # what was made of links
        self._listening: Listening | None = None
        self._links: set[Link] = set()
        self._cache_pages = 0
        self._counted = 0.0

    def open(self, address: str) -> None:
        self._listening = self._host.network.listen(address, self)

    def close(self) -> None:
        if self._listening is not None:
            self._listening.close()
        for link in list(self._links):
            link.close()

    def let_follow(self, follow: Callable[[str, Epoch], None]) -> None:
        """What was told before comes at once."""
        self.follow = follow
        if self._told is not None:
            follow(*self._told)

    def report(self) -> im.Report:
        settings, instance = self._settings, self.instance
        name, tier = settings["instance_name"], settings["promotion_tier"]
        if instance is None:
            return im.Report(name, self.role, tier, NO_EPOCH, 0, 0, 0, 0, False)
        volume = instance.volume
        is_open = volume.failure is None and not instance.closing
        return im.Report(
            name, self.role, tier, volume.epoch, volume.vdl, self.lag_us(), self._count_cache(), self.sessions(), is_open,
            round(1000 * volume.stalled_s()),
        )

    def _count_cache(self) -> int:
        now = self._host.clock.monotonic()
        if now - self._counted > CACHE_COUNTED_SECONDS:
            self._cache_pages, self._counted = len(self.instance.pool.pages()), now
        return self._cache_pages

    # -- a link's user -----------------------------------------------------------------------------------------------------
    def link_up(self, link: Link) -> None:
        self._links.add(link)

    def link_lost(self, link: Link) -> None:
        self._links.discard(link)
        session = self._sessions.pop(link, None)
        if session is not None:
            session.link_lost(link)
        elif self.feed is not None:
            self.feed.link_lost(link)

    def link_frame(self, link: Link, frame: bytes) -> None:
        session = self._sessions.get(link)
        if session is not None:
            session.link_frame(link, frame)
            return
        message, number = im.decode(frame)
        kind = type(message)
        if kind is im.Ask:
            link.send(*im.encode(self.report(), number))
        elif kind in (im.Promote, im.Follow, im.StepDown, im.ChangeNodes, im.AskStorage):
            self._host.tasks.spawn(self._obey, link, message, number, name=str(message))
        elif kind is im.OpenSession:
            self._open_session(link, message)
        elif self.feed is not None:
            self.feed.step(link, message, number)

    def _open_session(self, link: Link, message: im.OpenSession) -> None:
        try:
            if self.role != im.WRITER:
                raise Impossible("this instance is not the writer")
            self._sessions[link] = self.open_session(link, message.name)
        except DatabaseError as error:
            link.send(*im.encode(im.Failed(error.message)))

    def _obey(self, link: Link, message: Any, number: int) -> None:
        try:
            answer = self._do(message)
        except DatabaseError as error:
            answer = im.Failed(error.message)
        if answer is not None:
            link.send(*im.encode(answer, number))
        if type(answer) is im.SteppedDown:
            self.stepped_down()

    def _do(self, message: Any) -> im.Message | None:
        if type(message) is im.Promote:
            epoch, vdl = self.promote(message.number)
            return im.Promoted(message.number, epoch, vdl)
        if type(message) is im.StepDown:
            return im.SteppedDown(self.step_down(message.milliseconds / 1000))
        if type(message) is im.AskStorage:
            return im.Storage(self.instance is not None and self.instance.volume.reaches_quorum())
        if type(message) is im.ChangeNodes:
            return im.Changed(self._change_nodes(message))
        if self.follow is _impossible and self.role == im.READER:
            self._told = message.address, message.epoch
        else:
            self.follow(message.address, message.epoch)
        return None

    def _change_nodes(self, message: im.ChangeNodes) -> int:
        nodes = getattr(self.instance.volume, "nodes", None) if self.instance is not None else None
        if nodes is None or self.role != im.WRITER:
            raise Impossible("only an open writer changes storage nodes")
        try:
            place = NodePlace.parse(message.place)
        except ValueError as error:
            raise Impossible(str(error)) from None
        if message.what == "add":
            nodes.add(place)
            return 0
        return nodes.replace(message.leaves, place)


def _impossible(*arguments: Any) -> Any:
    raise Impossible("this instance cannot do that")
