"""Who shall be writer: a machine without I/O that takes decisions and follows each one through.

    i1 writes                         Writer(i1, 4, open)
       i1's process dies              Decide Writer(i2, 5, promote)        lowest tier, then the larger cache
                                      Send i2 Promote 5      … Promoted    Decide Writer(i2, 5, promote, open)
                                      Send i3 Follow i2's address
       i2 cannot, or not in time      Decide Writer(i3, 6, promote)
       no reader can                  Decide Writer(i1, 7, start)          its host starts it as writer, once for this number
    i1's commits wait for storage     Send all AskStorage … i1 does not reach a write quorum, i2 does
                                      Decide Writer(i2, 5, promote)        where nobody else does either, nothing changes
    planned                           Decide Writer(i1, 5, leave, target=i2), Send i1 StepDown … then as above

A decision is a write to the store that expects the revision of the last one: of two leaders one fails, and sees what the
other has decided. The present phase is in the record, so that a new leader goes on where the old one was.

    failover.see(topology, now)            the store changed            failover.told(name, message, now)    from an instance
    failover.link_up(name)                 its link stands (again)      failover.tick(now)
    → a list of Decide, Send, Answer

Safety does not rest on it: whoever opens the volume with a newer epoch writes, and an older writer ends.

Not here: who is silent (`detector`), the store and the links (`leader`), starting processes (`supervision`).
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

from aurorapy.cluster.topology import GONE, LEAVE, PROMOTE, START, Instance, Topology, Writer
from aurorapy.instance import messages as im

START_SECONDS = 20.0  # for a process to open the volume
PROMOTE_SECONDS = 10.0
LEAVE_SECONDS = 5.0  # for transactions to end in a planned failover
GRACE_SECONDS = 3.0  # beyond them, before a writer that should leave is left behind
PAUSE_SECONDS_MAX = 5.0  # between attempts when nobody can become writer
LOOK_SECONDS = 2.5  # between questions who reaches storage, each answered before the next


class Decide(NamedTuple):
    writer: Writer


class Send(NamedTuple):
    name: str
    message: Any


class Answer(NamedTuple):
    request: str
    error: str  # empty: done
    text: str


Action = Decide | Send | Answer


class Failover:
    """silent(name): the detector's word."""

    def __init__(self, silent: Callable[[str], bool] = lambda name: False) -> None:
        self._silent = silent
        self._topology = Topology.of({})
        self._record: Writer | None = None
        self._since = 0.0  # when the record became what it is
        self._sent = False  # the message that belongs to the record
        self._waiting = False  # for the store's word on a decision
        self._failed: dict[str, str] = {}  # who could not become writer in this change, and why
        self._attempts = 0
        self._left: str = ""  # who has stepped down
        self._followed: dict[str, int] = {}  # by reader: the number it was told of
        self._requests: dict[str, int] = {}  # planned failovers: the number each became
        self._answered: set[str] = set()  # requests that are over
        self._promoted: im.Promoted | None = None
        self._looked = -LOOK_SECONDS  # when all were asked who reaches storage,
        self._reaches: dict[str, bool] = {}  # and what they have answered since
        self._actions: list[Action] = []

    # -- what happens ----------------------------------------------------------------------------------------------------
    def see(self, topology: Topology, now: float) -> list[Action]:
        self._topology = topology
        record = topology.writer
        if record != self._record:
            self._taken(record, now)
        return self._look(now)

    def refused(self, now: float) -> list[Action]:
        """The last decision did not get into the store; what it says now will be looked at."""
        self._waiting = False
        return self._take()

    def told(self, name: str, message: Any, now: float) -> list[Action]:
        record = self._record
        if record is not None and record.name == name:
            if type(message) is im.Promoted and message.number == record.number and record.how == PROMOTE:
                self._promoted = message
            elif type(message) is im.Failed and record.how == PROMOTE and not record.is_open:
                self._failed[name] = message.text
            elif type(message) in (im.SteppedDown, im.Failed) and record.how == LEAVE:
                self._left = name
        if type(message) is im.Storage:
            self._reaches[name] = message.is_reached
        return self._look(now)

    def link_up(self, name: str, now: float) -> list[Action]:
        self._followed.pop(name, None)
        if self._record is not None and self._record.name == name and not self._record.is_open:
            self._sent = False
        return self._look(now)

    def asked(self, request: str, target: str, now: float) -> list[Action]:
        """A planned failover, to whoever is best where `target` is empty."""
        if request in self._requests or request in self._answered:
            return []
        error = self._cannot(target)
        if error:
            self._answer(request, error, "")
        elif self._waiting or not self._record.is_open:
            return []  # a change is under way: it is asked again when that is over
        else:
            record = self._record
            self._requests[request] = record.number + 1
            self._decide(Writer(record.name, record.number + 1, LEAVE, False, record.epoch, target))
        return self._take()

    def tick(self, now: float) -> list[Action]:
        return self._look(now)

    # -- what follows ----------------------------------------------------------------------------------------------------
    def _take(self) -> list[Action]:
        actions, self._actions = self._actions, []
        return actions

    def _taken(self, record: Writer | None, now: float) -> None:
        before, self._record = self._record, record
        self._waiting = self._sent = False
        self._since = now
        self._promoted, self._left = None, ""
        if record is not None and record.is_open and (before is None or not before.is_open):
            self._failed.clear()
            self._attempts = 0
            self._answer_requests(record)

    def _answer_requests(self, record: Writer) -> None:
        for request, number in list(self._requests.items()):
            if record.number >= number:
                del self._requests[request]
                self._answer(request, "", f"{record.name} is the writer")

    def _answer(self, request: str, error: str, text: str) -> None:
        self._answered.add(request)
        self._actions.append(Answer(request, error, text))

    def _look(self, now: float) -> list[Action]:
        record = self._record
        if record is None or self._waiting:
            return self._take()
        if record.name not in self._topology.instances:
            self._change(now)
        elif record.is_open:
            if self._is_lost(record) or self._reads(record.name):
                self._change(now)
            else:
                self._tell_readers(record)
                self._look_for_storage(record, now)
        elif record.how == LEAVE:
            self._see_off(record, now)
        elif record.how == PROMOTE:
            self._promote(record, now)
        else:
            self._await_start(record, now)
        return self._take()

    def _see_off(self, record: Writer, now: float) -> None:
        self._send_once(record.name, im.StepDown(round(LEAVE_SECONDS * 1000)))
        if self._left or self._is_lost(record) or now - self._since > LEAVE_SECONDS + GRACE_SECONDS:
            self._change(now)

    def _promote(self, record: Writer, now: float) -> None:
        self._send_once(record.name, im.Promote(record.number))
        report = self._topology.reports.get(record.name)
        if self._promoted is not None:
            self._decide(record._replace(is_open=True, epoch=tuple(self._promoted.epoch), target=""))
        elif report is not None and report.role == im.WRITER and report.is_open and report.alive:
            self._decide(record._replace(is_open=True, epoch=report.epoch, target=""))  # its answer was lost
        elif record.name in self._failed or self._is_lost(record) or now - self._since > PROMOTE_SECONDS:
            self._change(now)

    def _await_start(self, record: Writer, now: float) -> None:
        process = self._topology.processes.get(record.name)
        report = self._topology.reports.get(record.name)
        if process is None or process.number != record.number:
            if now - self._since > START_SECONDS:
                self._change(now)  # its host does not start it
        elif process.state == GONE or now - self._since > START_SECONDS:
            self._change(now)
        elif report is not None and report.alive and report.is_open and report.role == im.WRITER:
            self._decide(record._replace(is_open=True, epoch=report.epoch))

    def _tell_readers(self, record: Writer) -> None:
        address = self._topology.instances[record.name].link
        for reader in self._topology.instances:
            if reader != record.name and self._followed.get(reader) != record.number:
                self._followed[reader] = record.number
                self._actions.append(Send(reader, im.Follow(address, im.Epoch(*record.epoch))))

    def _look_for_storage(self, record: Writer, now: float) -> None:
        """Commits wait: is that so because the writer alone does not reach storage?"""
        report = self._topology.reports.get(record.name)
        if report is None or not report.alive or not report.waits:
            self._reaches.clear()
            return
        best = [each.name for each in self._candidates() if self._reaches.get(each.name)]
        if best and self._reaches.get(record.name) is False:
            self._reaches.clear()
            self._decide(Writer(best[0], record.number + 1, PROMOTE, False, record.epoch))
        elif now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._reaches.clear()
            for name in (record.name, *(each.name for each in self._candidates())):
                self._actions.append(Send(name, im.AskStorage()))

    def _change(self, now: float) -> None:
        """Somebody else becomes writer, or the same one again."""
        record = self._record
        if not record.is_open and record.how != LEAVE:
            self._failed.setdefault(record.name, "it did not open in time")
        best = self._candidates()
        if best:
            self._decide(Writer(best[0].name, record.number + 1, PROMOTE, False, record.epoch, record.target))
        elif self._topology.instances and self._may_start(now):
            self._attempts += 1
            self._decide(Writer(self._whom_to_start(record), record.number + 1, START, False, record.epoch))

    def _may_start(self, now: float) -> bool:
        """The first time at once, then with growing pauses."""
        return self._attempts == 0 or now - self._since > min(0.25 * 2**self._attempts, PAUSE_SECONDS_MAX)

    def _whom_to_start(self, record: Writer) -> str:
        """The one that was writer, then the others in turn."""
        order = sorted(self._topology.instances.values(), key=lambda each: (each.tier, each.name))
        names = [each.name for each in order]
        if record.name in names and (record.is_open or record.how != START):
            return record.name
        at = names.index(record.name) + 1 if record.name in names else 0
        return names[at % len(names)] if self._attempts > 1 or record.name not in names else record.name

    def _candidates(self) -> list[Instance]:
        """Readers that can be promoted, best first."""
        reports, target = self._topology.reports, self._record.target
        able = [
            each for each in self._topology.instances.values()
            if each.name not in self._failed and each.name != self._record.name and self._can(each.name)
        ]  # fmt: skip
        return sorted(able, key=lambda each: (each.name != target, each.tier, -reports[each.name].cache_pages, each.name))

    def _can(self, name: str) -> bool:
        process = self._topology.processes.get(name)
        return self._topology.serves(name) and process is not None and process.state != GONE and not self._silent(name)

    def _cannot(self, target: str) -> str:
        record = self._record
        if record is None:
            return "there is no writer yet"
        if target and target not in self._topology.instances:
            return f"there is no instance {target}"
        if target == record.name:
            return f"{target} is the writer already"
        if not record.is_open:
            return ""
        able = [each.name for each in self._candidates()]
        if target and target not in able:
            return f"{target} is no reader that can be promoted"
        return "" if able else "there is no reader that can be promoted"

    def _is_lost(self, record: Writer) -> bool:
        process = self._topology.processes.get(record.name)
        return process is None or process.state == GONE or self._silent(record.name)

    def _reads(self, name: str) -> bool:
        """It says that it is a reader: whoever was promoted or started has gone meanwhile."""
        report = self._topology.reports.get(name)
        return report is not None and report.alive and report.role == im.READER

    def _send_once(self, name: str, message: Any) -> None:
        if not self._sent:
            self._sent = True
            self._actions.append(Send(name, message))

    def _decide(self, writer: Writer) -> None:
        self._waiting = True
        self._actions.append(Decide(writer))
