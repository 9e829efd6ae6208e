"""Replacing a copy of a protection group, while writes and reads go on.

    ABCDEF                    F is suspect, G is to come
      │  begin     acknowledgements need 4/6 ABCDEF and 4/6 ABCDEG, until all that was acknowledged before has both; then
      │            the membership that says so is installed, on a write quorum of both rules
    ABCDEF → G                writes: both; reads: 3/6 of one or the other. G fills up from its peers
      │  finish    once G is where the others are: ABCDEG, installed on a write quorum of both rules, before writes need it
      │            alone (`before` keeps the old rule until then)
      │  revert    F is back: the same step with ABCDEF
    ABCDEG

Nothing waits meanwhile: the writer goes on under the stricter rule, which any four of ABCDE meet. A second failure nests:
E → H while F → G is under way gives four write rules, and ABCD alone meets each. Interrupted anywhere, the newest
membership that was installed on any segment is found by the next recovery, and `resume` goes on with it: what was not
acknowledged by both rules was never installed.

Errors: Superseded (and the volume fails) when a newer writer is met; Unreachable when too few answer for a while: the
change stays where it is, to be finished or reverted later. ChangeRefused for a copy or change that there is not.

Not here: the rules themselves (`members`, `quorum`), filling the new copy (`node/gossip`), when to replace whom.
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import DatabaseError
from aurorapy.records import replace
from aurorapy.storage import messages as m
from aurorapy.storage.members import (
    Member,
    Membership,
    NodePlace,
    decided,
    next_epoch,
    replacing,
    settled,
    unused_letter,
)
from aurorapy.storage.quorum import Rule
from aurorapy.storage.volume.recovery import Superseded
from aurorapy.storage.volume.transport import Answers, Unreachable

LOOK_SECONDS = 0.05
GATE_SECONDS = 30.0  # so long a change waits for enough copies before it begins
PAUSE_SECONDS = 0.3  # so long acknowledgements may wait for it
RETRY_SECONDS = 1.0
HEALED_AT_ONCE = 2  # groups: each step of a change is a few syncs on every node, which commits wait behind


class ChangeRefused(DatabaseError, sqlstate="55000"):
    """There is no such copy or change, or no longer."""


class Changes:
    """Changes of the memberships of one open volume. All methods may switch; one change of a group at a time."""

    def __init__(self, volume: Any) -> None:
        self._volume = volume
        self._transport = volume.transport
        self._tasks = volume.host.tasks
        self._busy: set[int] = set()  # groups whose membership is being written
        self._healing: set[tuple[int, str]] = set()  # (group, identity of the copy that a node would make), also those in line
        self._healed_now = 0

    # -- the three steps -----------------------------------------------------------------------------------------------

    def begin(self, group: int, leaves: str, place: NodePlace, node_id: str) -> str:
        """`leaves` is to be replaced by a copy on the node at `place`; the letter of the new one."""
        with Turn(self, group):
            membership = self._membership(group)
            if leaves not in membership.geometry.copies:
                raise ChangeRefused(f"protection group {group} has no copy {leaves}")
            if any(member.segment == node_id for member in membership.members if member.copy != leaves):
                raise ChangeRefused(f"{place.name} holds a copy of protection group {group} already")
            kind = membership.member(leaves).kind
            comes = Member(unused_letter(membership), place.name, place.zone, place.address, node_id, kind)
            joint = replacing(membership, leaves, comes, self._next_epoch(membership))
            self._gate(group, joint.geometry.write)
            self._volume.groups[group].positions.setdefault(comes.copy, 0)
            self._transport.place(group, joint)
            self._write(group, joint, joint.geometry.write, (comes.copy,))
            return comes.copy

    def finish(self, group: int, comes: str) -> None:
        """The new copy takes its place, as soon as it has all that the group has."""
        leaves = self._change_of(group, comes)[0]
        self._wait_until_caught_up(group, comes)
        self._end(group, leaves, comes)

    def revert(self, group: int, comes: str) -> None:
        """The new copy goes, the old one stays."""
        leaves = self._change_of(group, comes)[0]
        self._end(group, comes, leaves)

    def replace(self, group: int, leaves: str, place: NodePlace, node_id: str) -> str:
        """begin and finish."""
        comes = self.begin(group, leaves, place, node_id)
        self.finish(group, comes)
        return comes

    def renew(self, group: int, changed: Callable[[Membership], Membership]) -> None:
        """Another membership with the same rules, on a write quorum when this returns."""
        with Turn(self, group):
            membership = self._membership(group)
            after = replace(changed(membership), epoch=self._next_epoch(membership))
            self._transport.place(group, after)
            self._write(group, after, after.opening, ())

    def heal(self, group: int, member: Member, node_id: str) -> None:
        """The node of that member has come back empty, as another one: a copy of its own takes the member's place. Never
        waits; once for each node."""
        if (group, node_id) in self._healing:
            return
        self._healing.add((group, node_id))
        place = NodePlace(member.node, member.zone, member.address)
        self._tasks.spawn(self._heal, group, member.copy, place, node_id, name=f"new copy of group {group}")

    def _heal(self, group: int, leaves: str, place: NodePlace, node_id: str) -> None:
        try:
            while self._healed_now >= HEALED_AT_ONCE:
                self._check()
                self._tasks.sleep(LOOK_SECONDS)
            self._healed_now += 1
            try:
                self._take_place(group, leaves, place, node_id)
            finally:
                self._healed_now -= 1
        except DatabaseError as error:  # tried again when the node next says that it has nothing
            if self._volume.failure is None and not self._volume.closed:
                self._volume._trouble(f"copy {leaves} of protection group {group} is not replaced yet: {error}")
        finally:
            self._healing.discard((group, node_id))

    def _take_place(self, group: int, lost: str, place: NodePlace, node_id: str) -> None:
        """A copy of the node as it is now takes the place of the lost one."""
        membership = self._membership(group)
        if any(comes == lost for _, comes in membership.changes):  # it was to come itself: who it was to replace says the same
            self.revert(group, lost)
            return
        for leaves, comes in membership.changes:
            if leaves == lost and membership.member(comes).segment == node_id:  # begun before
                self.finish(group, comes)
                return
        self.replace(group, lost, place, node_id)

    def resume(self) -> None:
        """Ends what an earlier writer began, in tasks of their own; called once the volume is open."""
        for group, membership in self._transport.memberships.items():
            if membership.before is not None or membership.changes:
                self._tasks.spawn(self._resume_group, group, name=f"membership of group {group}")

    def _resume_group(self, group: int) -> None:
        while not self._volume.closed and self._volume.failure is None:
            try:
                with Turn(self, group):
                    self._settle(group)
                for _, comes in self._membership(group).changes:
                    self.finish(group, comes)
                return
            except (Unreachable, ChangeRefused):  # or somebody else has ended it meanwhile
                self._tasks.sleep(RETRY_SECONDS)

    # -- how a step is made --------------------------------------------------------------------------------------------

    def _end(self, group: int, leaves: str, stays: str) -> None:
        with Turn(self, group):
            membership = self._membership(group)
            if not {leaves, stays} <= {*membership.geometry.copies}:
                raise ChangeRefused(f"no such change of protection group {group} is under way")
            after = decided(membership, leaves, stays, self._next_epoch(membership))
            self._transport.place(group, after)
            self._write(group, after, after.opening, ())
            self._loosen(group, after.geometry.write)
            self._settle(group)

    def _settle(self, group: int) -> None:
        """The step is on a write quorum of both rules: so says one more epoch, for which nobody waits but us."""
        membership = self._membership(group)
        if membership.before is None:
            return
        after = settled(membership, self._next_epoch(membership))
        self._transport.place(group, after)
        for copy in [*self._volume.groups[group].positions]:
            if copy not in after.geometry.copies:
                del self._volume.groups[group].positions[copy]
        self._write(group, after, after.geometry.write, ())

    def _gate(self, group: int, rule: Rule) -> None:
        """From here acknowledgements need `rule`, a stricter one; returns once all that was acknowledged before has it,
        too. Until the copies are there for it, the old rule stays, so that nobody waits for us."""
        progress = self._volume.groups[group]
        old, deadline = progress.write, self._now() + GATE_SECONDS
        while True:
            self._wait_until(lambda: rule.reached(progress.positions) >= progress.read_point, deadline)
            target, progress.write = progress.complete, rule
            try:
                self._wait_until(lambda: rule.reached(progress.positions) >= target, self._now() + PAUSE_SECONDS)
                return
            except Unreachable:
                self._loosen(group, old)
                if self._now() > deadline:
                    raise

    def _loosen(self, group: int, rule: Rule) -> None:
        self._volume.groups[group].write = rule
        self._volume.recount(group)

    def _wait_until(self, reached: Callable[[], bool], deadline: float) -> None:
        while not reached():
            self._check()
            if self._now() > deadline:
                raise Unreachable("too few copies for the rules of both memberships have what was acknowledged")
            self._tasks.sleep(LOOK_SECONDS)

    def _now(self) -> float:
        return self._volume.host.clock.monotonic()

    def _write(self, group: int, membership: Membership, rule: Rule, new: tuple[str, ...]) -> None:
        """Installs the membership until `rule` has it; makes the segments of `new` copies."""
        volume = self._volume
        install = m.Install(volume.epoch, group, volume.truncations, membership)
        while True:
            self._check()
            for copy in new:
                creation = m.CreateSegment(volume.epoch, group, copy, volume.truncations, membership, volume.identity)
                self._transport.send(copy, creation)
            try:
                answers = self._transport.ask(install, self._has(membership, rule))
            except Unreachable:
                self._tasks.sleep(RETRY_SECONDS)
                continue
            refused = [each for each in answers.values() if isinstance(each, m.Refused)]
            if refused:
                volume.fail(Superseded(f"a newer writer has taken over the volume: {refused[0]}"))
            else:
                return

    def _has(self, membership: Membership, rule: Rule) -> Callable[[Answers], bool]:
        def enough(answers: Answers) -> bool:
            identities = {member.copy: member.segment for member in membership.members}
            have = {
                copy for copy, each in answers.items()
                if isinstance(each, m.Installed) and each.membership == membership.epoch
                and identities[copy] in ("", each.segment)
            }  # fmt: skip
            return rule.met(have) or any(isinstance(each, m.Refused) for each in answers.values())

        return enough

    def _wait_until_caught_up(self, group: int, comes: str) -> None:
        progress = self._volume.groups[group]
        while True:
            target = progress.complete
            self._tasks.sleep(LOOK_SECONDS)
            self._check()
            if comes not in progress.positions:
                raise ChangeRefused(f"the change of protection group {group} to {comes} was reverted")
            if progress.positions[comes] >= target:
                return

    # -- looked up -----------------------------------------------------------------------------------------------------

    def _membership(self, group: int) -> Membership:
        return self._transport.memberships[group]

    def _change_of(self, group: int, comes: str) -> tuple[str, str]:
        for change in self._membership(group).changes:
            if change[1] == comes:
                return change
        raise ChangeRefused(f"no copy {comes} comes to protection group {group}")

    def _next_epoch(self, membership: Membership) -> int:
        return next_epoch(membership.epoch, *self._volume.epoch)

    def _check(self) -> None:
        if self._volume.failure is not None:
            raise self._volume.failure


class Turn:
    """One change of a group at a time; who comes later waits."""

    def __init__(self, changes: Changes, group: int) -> None:
        self._changes, self._group = changes, group

    def __enter__(self) -> None:
        while self._group in self._changes._busy:
            self._changes._check()
            self._changes._tasks.sleep(LOOK_SECONDS)
        self._changes._busy.add(self._group)

    def __exit__(self, *error: object) -> None:
        self._changes._busy.discard(self._group)
