"""The one supervisor that decides: holds the lease, listens to the instances, carries out what `failover` says.

    lease      the key `leader` {host, beat}: its holder moves the beat every second; another host that has seen it stand
               still for `LEASE_SECONDS` by its own clock takes it, expecting the revision it saw. A holder that could
               not move it for `HOLD_SECONDS` no longer decides. No clock is compared with another's.
    reports    what each instance last said, for everybody: at once when it changes, else every second

Two that both believe to lead cost time, never data: decisions expect the revision of the last one.

Not here: the decisions themselves (`failover`), processes of this host (`supervisor`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.cluster.detector import Detector
from aurorapy.cluster.failover import Action, Answer, Decide, Failover, Send
from aurorapy.cluster.links import ASK_SECONDS, InstanceLinks
from aurorapy.cluster.mirror import Mirror
from aurorapy.cluster.store import StoreError
from aurorapy.cluster.topology import GONE, Condition, Leader, Topology, as_value, writer_value
from aurorapy.instance import messages as im

BEAT_SECONDS = 1.0
HOLD_SECONDS = 3.0
LEASE_SECONDS = 4.0
SILENT_SECONDS = 3.0
REPORT_SECONDS = 1.0
STALLED_MS = 2000  # commits that wait longer for storage than this are looked into
_OFTEN = ("vdl", "lag_us", "cache_pages", "sessions")  # what changes all the time, and nobody waits for


class Lease:
    """Whether this host decides; moved by `tick`."""

    def __init__(self, loop: Any, mirror: Mirror, host: str) -> None:
        self._loop, self._mirror, self._host = loop, mirror, host
        self._beaten = -HOLD_SECONDS  # when our beat was last taken
        self._tried = -BEAT_SECONDS
        self._seen = 0  # the revision of the key, and since when it is
        self._seen_at = 0.0
        self._beating = False

    def held(self, now: float) -> bool:
        return now - self._beaten < HOLD_SECONDS

    def tick(self, now: float) -> None:
        revision = self._mirror.revision_of("leader")
        if revision != self._seen:
            self._seen, self._seen_at = revision, now
        leader = self._mirror.topology.leader
        ours = leader is None or leader.host == self._host
        if self._beating or not self._mirror.is_connected or now - self._tried < BEAT_SECONDS:
            return
        if ours or now - self._seen_at > LEASE_SECONDS:
            self._tried, self._beating = now, True
            beat = leader.beat + 1 if leader is not None else 1
            self._loop.create_task(self._beat(Leader(self._host, beat), revision, now))

    async def _beat(self, leader: Leader, revision: int, now: float) -> None:
        try:
            await self._mirror.put("leader", leader._asdict(), revision)
            self._beaten = now
        except StoreError:
            pass
        finally:
            self._beating = False

    async def give_up(self) -> None:
        self._beaten = -HOLD_SECONDS
        try:
            await self._mirror.delete("leader", self._mirror.revision_of("leader"))
        except StoreError:
            pass


class LeaderWork:
    """log(text): a line for people."""

    def __init__(self, loop: Any, mirror: Mirror, host: str, network: Any, log: Any) -> None:
        self._loop, self._mirror, self._log = loop, mirror, log
        self.lease = Lease(loop, mirror, host)
        self._detector = Detector(SILENT_SECONDS)
        self._failover = Failover(lambda name: self._detector.silent(name, loop.time()))
        self._links = InstanceLinks(network, self._heard, self._told, self._up)
        self._reports: dict[str, im.Report] = {}
        self._reporting: dict[str, tuple[int, int]] = {}  # which process each of them is expected of
        self._published: dict[str, tuple[Condition, float]] = {}
        self._said: dict[str, im.Message] = {}  # what each instance answered last
        self._asked = 0.0
        self._leads = False

    # -- from the supervisor -------------------------------------------------------------------------------------------
    def changed(self, topology: Topology) -> None:
        if self._leads:
            self._follow(topology)

    def tick(self) -> None:
        now = self._loop.time()
        self.lease.tick(now)
        leads = self.lease.held(now)
        if leads != self._leads:
            self._leads = leads
            self._log(f"this host {'leads' if leads else 'no longer leads'}")
            self._begin(now) if leads else self._links.close()
        if not leads:
            return
        self._detector.tick(now)
        if now - self._asked >= ASK_SECONDS:
            self._asked = now
            self._links.ask()
        self._publish(now)
        self._carry_out(self._failover.tick(now))

    def close(self) -> None:
        self._links.close()
        self._leads = False

    def _begin(self, now: float) -> None:
        """What was published before us is not what we know."""
        self._reports.clear()
        self._published.clear()
        self._detector.begin()
        self._follow(self._mirror.topology)
        for name in self._mirror.topology.instances:
            self._detector.expect(name, now)

    def _follow(self, topology: Topology) -> None:
        now = self._loop.time()
        self._links.follow(topology.instances)
        for name in topology.instances:
            process = topology.processes.get(name)
            if process is not None and self._reporting.get(name) != (process.pid, process.born):
                self._reporting[name] = process.pid, process.born
                self._reports.pop(name, None)  # of an earlier process, whose end the store never showed
                self._detector.forget(name)
            if process is not None and process.state == GONE:
                self._detector.forget(name)
                self._reports.pop(name, None)
            else:
                self._detector.expect(name, now)
        self._publish(now)
        self._carry_out(self._failover.see(self._known(topology), now))
        self._hear_requests(now)

    def _hear_requests(self, now: float) -> None:
        for key, entry in self._mirror.entries.items():
            folder, _, request = key.partition("/")
            if folder == "requests" and entry.value.get("what") == "failover" and f"answers/{request}" not in self._mirror.entries:
                self._carry_out(self._failover.asked(request, entry.value.get("to", ""), now))

    # -- from the instances --------------------------------------------------------------------------------------------
    def _heard(self, name: str, report: im.Report) -> None:
        now = self._loop.time()
        before = self._reports.get(name)
        self._detector.heard(name, now)
        self._reports[name] = report
        if before is None or _what_counts(before) != _what_counts(report):
            self._publish(now)
            self._carry_out(self._failover.see(self._known(self._mirror.topology), now))

    def _told(self, name: str, message: Any) -> None:
        if message != self._said.get(name):  # an outage of storage makes the same answers again and again
            self._log(f"{name}: {message}")
        self._said[name] = message
        if type(message) is im.Promoted:
            self._reports.pop(name, None)  # from before it
        self._carry_out(self._failover.told(name, message, self._loop.time()))

    def _up(self, name: str) -> None:
        self._carry_out(self._failover.link_up(name, self._loop.time()))

    # -- to everybody --------------------------------------------------------------------------------------------------
    def _conditions(self, topology: Topology) -> dict[str, Condition]:
        now = self._loop.time()
        found = {}
        for name in topology.instances:
            report, process = self._reports.get(name), topology.processes.get(name)
            is_gone = process is None or process.state == GONE
            if report is None or is_gone:
                found[name] = Condition(name, "", False, False)
            else:
                found[name] = Condition(
                    name, report.role, not self._detector.silent(name, now), report.is_open, tuple(report.epoch), report.vdl,
                    report.lag_us, report.cache_pages, report.sessions, report.stalled_ms > STALLED_MS,
                )  # fmt: skip
        return found

    def _known(self, topology: Topology) -> Topology:
        return topology._replace(reports=self._conditions(topology))

    def _publish(self, now: float) -> None:
        for name, condition in self._conditions(self._mirror.topology).items():
            before, at = self._published.get(name, (None, 0.0))
            if condition == before:
                continue
            if before is not None and now - at < REPORT_SECONDS and _steady(condition) == _steady(before):
                continue
            self._published[name] = condition, now
            self._mirror.tell(f"reports/{name}", as_value(condition))
        for name in set(self._published) - set(self._mirror.topology.instances):
            del self._published[name]
            self._mirror.tell(f"reports/{name}", None)

    def _carry_out(self, actions: list[Action]) -> None:
        for action in actions:
            if type(action) is Send:
                if type(action.message) is not im.AskStorage:
                    self._log(f"{action.message} → {action.name}")
                self._links.send(action.name, action.message)
            elif type(action) is Decide:
                self._log(str(action.writer))
                self._loop.create_task(self._decide(action, self._mirror.revision_of("writer")))
            elif type(action) is Answer:
                self._mirror.tell(f"answers/{action.request}", {"error": action.error, "text": action.text})
                self._mirror.tell(f"requests/{action.request}", None)

    async def _decide(self, action: Decide, revision: int) -> None:
        """revision: of the record that the decision follows."""
        try:
            await self._mirror.put("writer", writer_value(action.writer), revision)
        except StoreError as error:
            self._log(f"not decided: {error}")
            self._carry_out(self._failover.refused(self._loop.time()))


def _what_counts(report: im.Report) -> tuple[Any, ...]:
    """What decisions depend on: the others hear of it at once."""
    return report.role, report.is_open, report.epoch, report.stalled_ms > STALLED_MS


def _steady(condition: Condition) -> Condition:
    return condition._replace(**dict.fromkeys(_OFTEN, 0))
