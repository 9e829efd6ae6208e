"""Recovery of a volume: fence, ask, decide, truncate and repair, open. Nothing is replayed.

    0 find       every node that answers says which groups it hosts, and their memberships: the newest of each counts
    1 fence      a new epoch, above all that are known, on a read quorum of every group: from here nothing of an older
                 epoch is acknowledged. Nodes make no segment for an older writer either, so no group can appear
    2 ask        the fenced only: SCL, truncation list, highest VDL told, links of the records above it. The list of the
                 highest epoch replaces any other before an SCL counts: segments that slept get it and are asked again
    3 decide     where the volume ends (`decision`). From here pages can be read
    4 truncate   (VDL, highest LSN the dead writer can have handed out] is annulled, by a list that is whole,
    5 repair     and the copies that lag brought up to the group's last record, until a write quorum has both
    6 open       the first new LSN lies above that range

Truncation goes before repair copy by copy, since records are handed on only under the same list; neither counts before
both are on a write quorum. Three of six suffice for 0-3; 4-6 wait for the fourth.

Interrupted anywhere, recovery starts over with a higher epoch and ends in the same place: a VDL that was reached is on a
write quorum, which every read quorum meets. It starts over by itself when it meets a newer membership, or an epoch above
its own that a dead recovery, or a rival, has left; of two rivals the last one to fence wins, and the other is refused.

Which answers count: under the epoch, of the segment that the membership names, not behind what its peers remember of it. A
node that never hosted the group, and is the one the membership names, counts as a segment without records.

Errors: Unreachable when too few copies answer for `recovery_wait_s`; Superseded when rivals keep taking over.

Not here: who may be the writer, and what the database does with transactions of the dead one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Callable, Iterable, Mapping

from aurorapy.errors import FatalError
from aurorapy.host import Host
from aurorapy.storage import messages as m
from aurorapy.storage.members import Membership, may_hide_a_group
from aurorapy.storage.options import StorageConfig
from aurorapy.storage.quorum import Geometry, smallest
from aurorapy.storage.volume.decision import Decision, annul, decide, forgetful, newest_list
from aurorapy.storage.volume.transport import Answers, Transport, Unreachable

REPAIR_PAUSE_SECONDS = 0.01
RETRY_PAUSE_SECONDS = 0.2
RIVALS_MAX = 20  # times a recovery draws above somebody else's epoch
FURTHER_SECONDS = 2.0  # without progress in a repair: its source is gone, decide anew


class Superseded(FatalError):
    """Storage knows a newer writer: this one must stop."""


class StartOver(Exception):
    """What recovery began with no longer holds; it begins again with what it has learnt."""


@dataclass(frozen=True)
class Recovered:
    epoch: m.Epoch
    vdl: int
    position: int  # the first new record begins here
    group_last: dict[int, int]
    truncations: m.TruncationList
    positions: dict[int, dict[str, int]]  # by group and copy: how far it is, at most group_last
    memberships: dict[int, Membership] = field(default_factory=dict)
    volume: m.VolumeIdentity = m.NO_VOLUME


class Recovery:
    """One instance's attempt to take the volume over. `geometry`: of groups whose segments know no membership."""

    def __init__(
        self,
        host: Host,
        transport: Transport,
        geometry: Geometry,
        instance: int,
        config: StorageConfig,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.host, self.transport, self.geometry, self.instance, self.config = host, transport, geometry, instance, config
        self.report = report
        self.epoch = m.NO_EPOCH
        self.highest = 0  # number of any epoch that was met
        self.rivals = 0
        self.memberships: dict[int, Membership] = {}  # the newest that was met
        self.nodes: dict[str, str] = {}  # identity of every node that answered, by name
        self.volume = m.NO_VOLUME

    def run(self) -> Recovered:
        """All steps, from the beginning again where that is what helps."""
        return self._until_done(lambda: self._truncate_and_repair(self._find_fence_ask_decide()))

    def decided(self) -> Recovered:
        """Steps 0-3, and the list on those that are there: pages can be read up to the VDL from copies in `positions`.
        `opened` must follow before anything is written."""
        return self._until_done(lambda: self._truncated_where_possible(self._find_fence_ask_decide()))

    def opened(self, decided: Recovered) -> Recovered:
        """Steps 4-6 of what `decided` found; does not begin anew, for somebody may have read already."""
        return self._until_done(lambda: self._truncate_and_repair(decided), again=False)

    def _until_done(self, work: Callable[[], Recovered], again: bool = True) -> Recovered:
        clock, tasks = self.host.clock, self.host.tasks
        deadline = clock.monotonic() + self.config.recovery_wait_s
        said = ""
        while True:
            try:
                return work()
            except StartOver as reason:
                if not again:
                    raise Superseded(f"a newer writer has taken over the volume: {reason}") from None
                self.report(f"recovery starts over: {reason}")
                pause = RETRY_PAUSE_SECONDS * self.host.random.uniform()
            except Unreachable as error:
                if clock.monotonic() > deadline:
                    raise
                if error.message != said:
                    self.report(f"recovery waits: {error.message}")
                said, pause = error.message, RETRY_PAUSE_SECONDS
            tasks.sleep(pause)

    # -- steps 0-3 -----------------------------------------------------------------------------------------------------

    def _find_fence_ask_decide(self) -> Recovered:
        self._find(m.NO_EPOCH)
        self.epoch = m.Epoch(self.highest + 1, self.instance)
        self._find(self.epoch)  # the last look: from here no older writer makes a group
        for group in self.memberships:
            self._fence(group)
        states, inherited = self._ask_under_one_list()
        for group, answers in states.items():
            counted = [*self._named(group, answers) - forgetful(answers, inherited)]
            if not self.rules(group).read.met(counted):
                raise Unreachable(f"too few sound copies of protection group {group}: {' '.join(counted) or 'none'}")
            states[group] = {copy: answers[copy] for copy in counted}
        return self._recovered(decide(states, inherited), inherited)

    def _recovered(self, decision: Decision, inherited: m.TruncationList) -> Recovered:
        truncations = annul(inherited, self.epoch, decision.vdl, self.config.lsn_limit_bytes)
        return Recovered(
            self.epoch, decision.vdl, truncations.ranges[-1].high, decision.group_last, truncations, {},
            dict(self.memberships), self.volume,
        )  # fmt: skip

    def _find(self, epoch: m.Epoch) -> None:
        """Which groups there are, and who holds them. What no node knows that answers is on no write quorum."""
        question, has_new = m.ListSegments(epoch), True
        while has_new:
            answers = self.transport.ask_nodes(question, self._hears_every_write_quorum)
            for name, answer in answers.items():
                if isinstance(answer, m.Segments):
                    self._listed(name, answer)
            has_new = self.transport.meet(self.memberships[0].nodes if 0 in self.memberships else ())
        if epoch != m.NO_EPOCH and any(answer.epoch > epoch for answer in answers.values()):
            self._rival("a node knows a newer epoch")
        self.memberships = dict(sorted(self.memberships.items()))
        for group, membership in self.memberships.items():
            self.transport.place(group, membership)

    def _listed(self, name: str, answer: m.Segments) -> None:
        self._met(answer.epoch)
        self.nodes[name] = answer.node
        if answer.volume != m.NO_VOLUME:
            self.volume = answer.volume
        for group, membership in answer.groups.items():
            if group not in self.memberships or membership.epoch > self.memberships[group].epoch:
                self.memberships[group] = membership

    def _hears_every_write_quorum(self, answers: Answers) -> bool:
        """Are those that do not answer too few for a write quorum of a group that only they know?"""
        rules = [self.rules(group).write for group in self.memberships] or [self.geometry.write]
        heard = {name for name, answer in answers.items() if isinstance(answer, m.Segments)}
        memberships = self.memberships.values()
        return not may_hide_a_group(self.transport.places, heard, memberships, min(map(smallest, rules)))

    def _fence(self, group: int) -> None:
        rule = self.rules(group).read
        self._ask(m.Fence(self.epoch, group), group, m.Fenced, rule.met)

    def _ask_under_one_list(self) -> tuple[dict[int, dict[str, m.State]], m.TruncationList]:
        """What the fenced hold, all under the newest list that any of them knows."""
        while True:
            states = {group: self._states(group) for group in self.memberships}
            newest = newest_list(states)
            is_one = True
            for group, answers in states.items():
                behind = [copy for copy, state in answers.items() if state.segment and state.truncations.epoch < newest.epoch]
                if behind:
                    self._give_list(group, newest, set(answers), behind)
                    is_one = False
            if is_one:
                return states, newest

    def _states(self, group: int) -> dict[str, m.State]:
        """Of all copies that are fenced; one that was never made has no records and an empty identity."""
        rule = self.rules(group).read
        answers = self._ask(m.Ask(self.epoch, group), group, m.State, rule.met)
        states = {}
        for copy, answer in answers.items():
            if isinstance(answer, m.Missing):
                answer = m.State(self.epoch, group, copy, 0, 0, m.NO_TRUNCATIONS)
            if answer.membership.epoch > self.memberships[group].epoch:
                self.memberships[group] = answer.membership
                raise StartOver(f"protection group {group} has {answer.membership}")
            states[copy] = answer
        return states

    def _give_list(self, group: int, newest: m.TruncationList, asked: set[str], behind: list[str]) -> None:
        rule = self.rules(group).read
        up_to_date = asked - {*behind}
        question = dict.fromkeys(behind, m.Truncate(self.epoch, group, newest))
        self._ask(question, group, m.Truncated, lambda copies: rule.met(up_to_date | copies))

    # -- steps 4-6 -----------------------------------------------------------------------------------------------------

    def _truncated_where_possible(self, decided: Recovered) -> Recovered:
        """A read quorum serves pages: a segment does so only once it has the epoch's list."""
        positions = {}
        for group in self.memberships:
            answers = self._ask(self._install(group, decided), group, m.Installed, self.rules(group).read.met)
            installed = {copy: answer for copy, answer in answers.items() if isinstance(answer, m.Installed)}
            positions[group] = self._positions(group, installed, decided.group_last[group])
        return replace(decided, positions=positions)

    def _install(self, group: int, decided: Recovered) -> m.Install:
        return m.Install(self.epoch, group, decided.truncations, self.memberships[group])

    def _positions(self, group: int, installed: Mapping[str, m.Installed], last: int) -> dict[str, int]:
        named = self._named(group, installed)
        return dict.fromkeys(self.copies(group), 0) | {copy: min(installed[copy].scl, last) for copy in named}

    def _truncate_and_repair(self, decided: Recovered) -> Recovered:
        positions = {group: self._truncate_and_repair_group(group, decided) for group in self.memberships}
        return replace(decided, positions=positions)

    def _truncate_and_repair_group(self, group: int, decided: Recovered) -> dict[str, int]:
        """Until a write quorum of the group has the epoch's list and membership, and every record up to the VDL."""
        membership, target = self.memberships[group], decided.group_last[group]
        rule = membership.opening if membership.members else self.geometry.write
        install = self._install(group, decided)
        clock = self.host.clock
        progress, since = -1, clock.monotonic()
        while True:
            answers = self._ask(install, group, m.Installed, rule.met)
            lacking = [copy for copy, answer in answers.items() if isinstance(answer, m.Missing)]
            installed = {copy: answer for copy, answer in answers.items() if isinstance(answer, m.Installed)}
            named = self._named(group, installed)
            if rule.met({copy for copy in named if installed[copy].scl >= target}):
                return self._positions(group, installed, target)
            self._create(group, decided, lacking)
            self._hand_on(group, installed, target)
            if sum(answer.scl for answer in installed.values()) > progress:
                progress, since = sum(answer.scl for answer in installed.values()), clock.monotonic()
            elif clock.monotonic() > since + FURTHER_SECONDS:
                raise Unreachable(f"no copy of protection group {group} that answers has all its records up to {target:#x}")
            self.host.tasks.sleep(REPAIR_PAUSE_SECONDS)

    def _create(self, group: int, decided: Recovered, copies: Iterable[str]) -> None:
        """Makes what a dead writer had begun to make."""
        for copy in copies:
            self.transport.send(
                copy,
                m.CreateSegment(self.epoch, group, copy, decided.truncations, self.memberships[group], self.volume),
            )

    def _hand_on(self, group: int, installed: Mapping[str, m.Installed], target: int) -> None:
        """Records from the copy that is furthest to those that lag; the nodes' own gossip brings what it cannot."""
        if not installed:  # every node that answers has yet to make its copy
            return
        source = max(installed.values(), key=lambda answer: answer.scl)
        for copy, answer in installed.items():
            at = answer.scl
            while at < min(target, source.scl):
                fetch = m.FetchRecords(self.epoch, group, at, target)
                found = self.transport.ask({source.copy: fetch}, bool)[source.copy]
                if not isinstance(found, m.Records) or found.prev != at or found.last <= at or not found.records:
                    break
                self.transport.send(copy, found)
                at = found.last

    # -- whose answers count -------------------------------------------------------------------------------------------

    def rules(self, group: int) -> Geometry:
        membership = self.memberships[group]
        return membership.geometry if membership.members else self.geometry

    def copies(self, group: int) -> tuple[str, ...]:
        return self.rules(group).copies

    def _named(self, group: int, answers: Mapping[str, m.State | m.Installed]) -> set[str]:
        """Those that are the segments the membership names."""
        identities = {member.copy: member.segment for member in self.memberships[group].members}
        return {
            copy for copy, answer in answers.items()
            if answer.segment == "" or identities.get(copy, "") in ("", answer.segment)
        }  # fmt: skip

    def _counts(self, group: int, copy: str, answer: m.Message, kind: type) -> bool:
        if answer.epoch != self.epoch:
            return False
        if isinstance(answer, m.Missing):
            membership = self.memberships[group]
            identity = membership.member(copy).segment if membership.members else ""
            return not answer.was_here and identity in ("", answer.node)
        return isinstance(answer, kind)

    def _ask(
        self, question: m.Message | Mapping[str, m.Message], group: int, kind: type, enough: Callable[[set[str]], bool]
    ) -> dict:
        """The answers that count, once they are enough."""

        def counted(answers: Answers) -> dict[str, m.Message]:
            return {copy: each for copy, each in answers.items() if self._counts(group, copy, each, kind)}

        def is_refused(answers: Answers) -> bool:
            return any(isinstance(each, m.Refused) and each.epoch > self.epoch for each in answers.values())

        answers = self.transport.ask(question, lambda so_far: enough(set(counted(so_far))) or is_refused(so_far))
        good = counted(answers)
        if not enough(set(good)):
            for each in answers.values():
                self._met(each.epoch)
            self._rival("; ".join(str(each) for each in answers.values() if isinstance(each, m.Refused)))
        return good

    def _met(self, epoch: m.Epoch) -> None:
        self.highest = max(self.highest, epoch.number)

    def _rival(self, what: str) -> None:
        self.rivals += 1
        if self.rivals > RIVALS_MAX:
            raise Superseded(f"a newer writer has taken over the volume: {what}")
        raise StartOver(what)
