"""Mistakes made on purpose, to see that the simulator finds them: mutants of the production classes, most of which anybody
could think of; two undo what was mended because a world had found it, one is for disks that lie.

    python -m tests.sim --sabotage              all, each on seeds until one catches it (at most 200)
    python -m tests.sim --sabotage --only 5     one
    with MUTANTS[4].applied(): …                in a test

A mutant patches classes and functions while it is applied; there is no switch in production code. A seed catches it when
its world fails with the mutant and holds without. `caught_by` are seeds that were last seen to catch it, kept for CI.
Mutants of what does not exist yet say so in `missing`.

Not here: the worlds (`world`, `scenarios`).
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Callable, Iterator
from unittest.mock import patch

from aurorapy.cluster.failover import Failover
from aurorapy.cluster.leader import LeaderWork, Lease
from aurorapy.cluster.store import ANY
from aurorapy.cluster.supervision import Supervision
from aurorapy.errors import DataCorrupted
from aurorapy.instance import messages as im
from aurorapy.instance.reader import Follower
from aurorapy.storage import messages as m
from aurorapy.storage.node import reading, runs
from aurorapy.storage.node.freed import Freed
from aurorapy.storage.node.gossip import Gossiping
from aurorapy.storage.node.hotlog import HotLog
from aurorapy.storage.node.node import StorageNode
from aurorapy.storage.node.segment import Segment
from aurorapy.storage.node.transfer import Transfers
from aurorapy.storage.quorum import Some
from aurorapy.storage.volume import follower, recovery
from aurorapy.storage.volume.links import LinkTransport
from aurorapy_native.checksum import crc32c
from aurorapy_native.redo import records

from tests.sim.fleet.world import World, failure_of

SEEDS_MAX = 200
Patch = Callable[[Any, str, Any], Any]


@dataclass(frozen=True)
class Mutant:
    number: int
    name: str
    scenarios: tuple[str, ...] = ()
    work: Callable[[Patch], None] | None = None
    caught_by: tuple[tuple[str, int], ...] = ()
    missing: str = ""

    @contextmanager
    def applied(self) -> Iterator[None]:
        with ExitStack() as stack:
            self.work(lambda where, name, what: stack.enter_context(patch.object(where, name, what)))
            yield

    def failure(self, scenario: str, seed: int) -> str | None:
        """What goes wrong with it in that world; None when nothing does."""
        world = World(seed, scenario=scenario)
        world.base()  # made by sound code
        with self.applied():
            return failure_of(world)

    def hunt(self, first: int = 0) -> tuple[str, int, int, str] | None:
        """(scenario, seed, worlds it took, what failed) of the first world that catches it."""
        for count in range(SEEDS_MAX):
            scenario, seed = self.scenarios[count % len(self.scenarios)], first + count // len(self.scenarios)
            failure = self.failure(scenario, seed)
            if failure and failure_of(World(seed, scenario=scenario)) is None:
                return scenario, seed, count + 1, failure
        return None

    def __str__(self) -> str:
        return f"{self.number:2} {self.name}"


# -- acknowledging -----------------------------------------------------------------------------------------------------


def ack_at_three(patched: Patch) -> None:
    sound = Some.reached

    def reached(self: Some, positions: Any) -> int:
        return sound(Some(3, self.copies) if self.count == 4 else self, positions)

    patched(Some, "reached", reached)


def ack_before_fsync(patched: Patch) -> None:
    sound = StorageNode._append

    def append(self: StorageNode, *args: Any) -> bool:
        taken = sound(self, *args)
        self._log_durable(self.log.position)
        return taken

    patched(StorageNode, "_append", append)


def ignore_fsync_errors(patched: Patch) -> None:
    def became_broken(self: HotLog, error: OSError) -> None:
        """Goes on as if the sync had been done."""
        self._open_current(self.position - self.base)
        self._report(self.position)

    patched(HotLog, "_became_broken", became_broken)


def visible_before_durable(patched: Patch) -> None:
    sound = LinkTransport.send

    def send(self: LinkTransport, copy: str, message: m.Message) -> None:
        sound(self, copy, message)
        if type(message) is m.Write:
            self._receive(copy, m.Durable(message.epoch, message.group, copy, message.last))

    patched(LinkTransport, "send", send)


# -- recovery ----------------------------------------------------------------------------------------------------------


def recovery_reads_two(patched: Patch) -> None:
    sound = Some.met

    def met(self: Some, present: Any) -> bool:
        return sound(Some(2, self.copies) if self.count == 3 else self, present)

    patched(Some, "met", met)


def recovery_takes_the_highest(patched: Patch) -> None:
    sound = recovery.decide

    def decide(states: Any, truncations: Any) -> Any:
        found = sound(states, truncations)
        ends = [
            link.lsn for answers in states.values() for state in answers.values() for link in state.links
            if link.consistency_point and not any(low < link.lsn <= high for low, high in truncations.ranges)
        ]  # fmt: skip
        vdl = max([found.vdl, *ends])
        lasts = {
            group: max([last, *(x.lsn for state in states[group].values() for x in state.links if x.lsn <= vdl)])
            for group, last in found.group_last.items()
        }
        return replace(found, vdl=vdl, vcl=vdl, group_last=lasts)

    patched(recovery, "decide", decide)


def pgcl_is_the_fourth_highest(patched: Patch) -> None:
    sound = recovery.decide

    def decide(states: Any, truncations: Any) -> Any:
        cut: dict[int, dict[str, m.State]] = {}
        for group, answers in states.items():
            scls = sorted((state.scl for state in answers.values()), reverse=True)
            complete = scls[3] if len(scls) > 3 else 0
            cut[group] = {
                copy: replace(state, scl=min(state.scl, complete), links=[x for x in state.links if x.lsn <= complete])
                for copy, state in answers.items()
            }
        return sound(cut, truncations)

    patched(recovery, "decide", decide)


def truncation_is_not_persisted(patched: Patch) -> None:
    content = Segment._content

    def without(self: Segment) -> dict[str, Any]:
        found = content(self)
        found["truncations"] = {"epoch": [0, 0], "ranges": []}
        return found

    patched(Segment, "_content", without)


def fence_after_the_question(patched: Patch) -> None:
    fence, states = recovery.Recovery._fence, recovery.Recovery._states

    def no_fence(self: Any, group: int) -> None:
        """Later."""

    def ask_first(self: Any, group: int) -> Any:
        known = self.__dict__.setdefault("_sabotaged", {})
        if group in known:
            return states(self, group)
        answers = {}
        for copy, answer in self.transport.ask(m.Ask(self.epoch, group), lambda found: len(found) >= 3).items():
            if isinstance(answer, m.State):
                answers[copy] = replace(answer, epoch=self.epoch)
        known[group] = True
        fence(self, group)
        return answers or states(self, group)

    patched(recovery.Recovery, "_fence", no_fence)
    patched(recovery.Recovery, "_states", ask_first)


# -- epochs ------------------------------------------------------------------------------------------------------------


def epoch_is_not_checked_on_write(patched: Patch) -> None:
    sound = StorageNode._write

    def write(self: StorageNode, message: m.Write) -> list[m.Message]:
        found = self.segments.get(message.group)
        return sound(self, message if found is None else replace(message, epoch=found.epoch))

    patched(StorageNode, "_write", write)


def epoch_is_not_checked_on_read(patched: Patch) -> None:
    sound = reading.Reading._read_page

    def read_page(self: Any, message: m.ReadPage) -> list[m.Message]:
        found = self.node.segments.get(message.group)
        return sound(self, message if found is None else replace(message, epoch=found.epoch))

    patched(reading.Reading, "_read_page", read_page)


def epoch_is_not_persisted(patched: Patch) -> None:
    content = Segment._content

    def without(self: Segment) -> dict[str, Any]:
        return content(self) | {"epoch": list(self.truncations.epoch)}

    patched(Segment, "_content", without)


def promise_without_disk(patched: Patch) -> None:
    sound = Segment.promise

    def promise(self: Segment, epoch: m.Epoch, *others: Any) -> None:
        try:
            sound(self, epoch, *others)
        except OSError:
            self.epoch = epoch
            raise

    patched(Segment, "promise", promise)


# -- checksums ---------------------------------------------------------------------------------------------------------


def record_checksum_off(patched: Patch) -> None:
    sound = runs.DeltaRun.read

    def read(self: Any, page_no: int) -> bytes:
        return resealed(sound(self, page_no))

    patched(runs.DeltaRun, "read", read)


def resealed(data: bytes) -> bytes:
    """Every record with the checksum that its bytes have."""
    found, at = bytearray(data), 0
    while at + 48 <= len(found):
        length = int.from_bytes(found[at : at + 4], "little")
        if length < 48 or at + length > len(found):
            break
        found[at + 4 : at + 8] = crc32c(bytes(found[at + 8 : at + length])).to_bytes(4, "little")
        at += length
    return bytes(found)


def page_checksum_off(patched: Patch) -> None:
    patched(runs, "verify_page", lambda page: True)


def lost_write_unnoticed(patched: Patch) -> None:
    """An image is taken for the page's whichever version it is; a hole where it should be, for a page never written."""

    def read_at(self: runs.ImageRun, at: int) -> bytes:
        page = self.file.pread(8192, runs.HEADER_BYTES[runs.IMAGE] + at * 8192)
        if len(page) != 8192 or not runs.verify_page(page):
            raise DataCorrupted("damaged")
        return page

    patched(runs.ImageRun, "read_at", read_at)


# -- peers -------------------------------------------------------------------------------------------------------------


def gossip_copies_an_old_tail(patched: Patch) -> None:
    """Records are handed on whatever list the giver and the taker have."""
    hear, fetch, take = Gossiping._gossip, Gossiping._fetch_records, Gossiping._records

    def listen(self: Any, message: m.Gossip) -> list[m.Message]:
        found = self.node.segments.get(message.group)
        if found is not None:
            message = replace(message, truncations=found.truncations.epoch, membership=found.membership.epoch)
        return hear(self, message)

    def give(self: Any, message: m.FetchRecords) -> list[m.Message]:
        found = self.node.segments.get(message.group)
        if found is not None:
            listed = None if message.truncations is None else found.truncations.epoch
            message = replace(message, epoch=found.epoch, truncations=listed)
        return fetch(self, message)

    def accept(self: Any, message: m.Records) -> list[m.Message]:
        found = self.node.segments.get(message.group)
        return take(self, message if found is None else replace(message, epoch=found.epoch, truncations=found.truncations))

    patched(Gossiping, "_gossip", listen)
    patched(Gossiping, "_fetch_records", give)
    patched(Gossiping, "_records", accept)


# -- readers -----------------------------------------------------------------------------------------------------------


def replica_applies_past_the_vdl(patched: Patch) -> None:
    """What has come is shown, durable or not."""
    keep = Follower._records

    def show(self: Any, message: im.Records) -> None:
        keep(self, message)
        if self.is_attached and self._heard is not None:
            self._heard = replace(self._heard, vdl=message.last)
            self._apply()

    patched(Follower, "_records", show)


def replica_shows_half(patched: Patch) -> None:
    """The second half of every flush is applied one flush later."""

    def cut(self: Any, message: im.Records) -> None:
        parts = [record for _, record in records(message.records)]
        half = len(parts) // 2
        self._queue_end = message.last
        self._queue.append((message.prev, message.last, b"".join(parts[:half])))
        self._queue.append((message.last, message.last + 1, b"".join(parts[half:])))

    patched(Follower, "_records", cut)


# -- the control plane ---------------------------------------------------------------------------------------------------


def promotion_without_a_fence(patched: Patch) -> None:
    """A reader asks what there is before the old writer is shut out."""

    class Unfenced(recovery.Recovery):
        def _fence(self, group: int) -> None:
            """Later."""

        def _states(self, group: int) -> Any:
            known = self.__dict__.setdefault("_sabotaged", {})
            if group not in known:
                answers = self.transport.ask(m.Ask(self.epoch, group), lambda found: len(found) >= 3).items()
                states = {copy: replace(answer, epoch=self.epoch) for copy, answer in answers if isinstance(answer, m.State)}
                known[group] = True
                super()._fence(group)
                if states:
                    return states
            return super()._states(group)

    patched(follower, "Recovery", Unfenced)


def promotion_keeps_its_pages(patched: Patch) -> None:
    """What the dead writer made durable after the last word to this reader does not get to the pages it has."""
    patched(Follower, "missing_records", lambda self, points: [])


def promotion_keeps_the_tail(patched: Patch) -> None:
    """What the dead writer had streamed stays in the pages, durable or not."""
    sound = Follower.stop

    def stop(self: Any) -> None:
        if self.is_attached and self._heard is not None:
            self._heard = replace(self._heard, vdl=max(self._heard.vdl, self._queue_end))
            self._apply()
        sound(self)

    patched(Follower, "stop", stop)


def leader_overrules(patched: Patch) -> None:
    """Who has led once goes on, and its decisions replace whatever the store holds by now."""
    sound = LeaderWork._decide

    async def decide(self: Any, action: Any, revision: int) -> None:
        await sound(self, action, ANY)

    patched(LeaderWork, "_decide", decide)
    patched(Lease, "held", lambda self, now: self._beaten > 0)


def supervisor_starts_writers_again(patched: Patch) -> None:
    """A writer that has died is started again by its host, as what it was."""
    sound = Supervision.started

    def started(self: Any, wanted: Any, now: float) -> None:
        sound(self, wanted, now)
        self._used.clear()

    patched(Supervision, "started", started)


def old_reports_count(patched: Patch) -> None:
    """What an instance said before it died is what it says now."""
    sound = LeaderWork._follow

    def keep(self: Any, topology: Any) -> None:
        self._reporting.update({name: (each.pid, each.born) for name, each in topology.processes.items()})
        sound(self, topology)

    patched(LeaderWork, "_follow", keep)
    patched(Failover, "_reads", lambda self, name: False)


def waiting_is_no_reason(patched: Patch) -> None:
    """A writer that answers is well."""
    patched(Failover, "_look_for_storage", lambda self, record, now: None)


def waiting_is_reason_enough(patched: Patch) -> None:
    """A writer whose commits wait is replaced, whoever else would have to wait too."""
    sound = Failover._look_for_storage

    def look(self: Any, record: Any, now: float) -> None:
        self._reaches.update(dict.fromkeys(self._topology.instances, True) | {record.name: False})
        sound(self, record, now)

    patched(Failover, "_look_for_storage", look)


# -- freed pages -------------------------------------------------------------------------------------------------------


def annulled_freeing_counts(patched: Patch) -> None:
    """A recovery annuls the record, not what was noted of it."""
    patched(Freed, "annul", lambda self, low, high: None)


def freeings_are_not_handed_over(patched: Patch) -> None:
    sound = Transfers.offer

    def offer(self: Any, segment: Segment, message: m.FetchRecords) -> m.Runs:
        return replace(sound(self, segment, message), freed=[])

    patched(Transfers, "offer", offer)


def freeings_are_not_persisted(patched: Patch) -> None:
    content = Segment._content
    patched(Segment, "_content", lambda self: content(self) | {"freed": []})


def freed_pages_go_too_early(patched: Patch) -> None:
    """Without looking whether somebody may still read what was there before, or has written there since."""
    sound = Freed.at
    patched(Freed, "at", lambda self, page_no, lsn: sound(self, page_no, 1 << 62))


NO_CLONES, NO_PITR = "there are no clones yet", "there is no restore to a time yet"

MUTANTS = (
    Mutant(1, "acknowledged by three of six", ("n4", "az1", "laggards", "power"), ack_at_three,
           (("az1", 0), ("az1", 1))),
    Mutant(2, "acknowledged before the fsync", ("acknowledged", "disks"), ack_before_fsync,
           (("acknowledged", 7), ("acknowledged", 38))),
    Mutant(3, "fsync errors ignored", ("syncs", "disks"), ignore_fsync_errors,
           (("syncs", 13), ("syncs", 14), ("syncs", 19))),
    Mutant(4, "recovery reads two of six", ("laggards", "n4", "storm"), recovery_reads_two,
           (("laggards", 9), ("laggards", 30), ("laggards", 43))),
    Mutant(5, "recovery takes the highest LSN", ("half_sent",), recovery_takes_the_highest,
           (("half_sent", 7), ("half_sent", 20), ("half_sent", 23))),
    Mutant(6, "truncation is not persisted", ("power", "storm", "split"), truncation_is_not_persisted,
           (("power", 8),)),
    Mutant(7, "epoch is not checked on write", ("split", "storm"), epoch_is_not_checked_on_write,
           (("split", 0), ("split", 1))),
    Mutant(8, "epoch is not checked on read", ("split", "storm"), epoch_is_not_checked_on_read,
           (("split", 0), ("split", 1))),
    Mutant(9, "epoch is not persisted", ("promises",), epoch_is_not_persisted,
           (("promises", 0), ("promises", 1), ("promises", 2))),
    Mutant(10, "record checksum off", ("flips",), record_checksum_off,
           (("flips", 5), ("flips", 3), ("flips", 4), ("flips", 6))),
    Mutant(11, "page checksum off", ("flips",), page_checksum_off,
           (("flips", 3), ("flips", 5), ("flips", 8))),
    Mutant(12, "replica applies past the VDL", ("readers",), replica_applies_past_the_vdl,
           (("readers", 0), ("readers", 1))),
    Mutant(13, "replica's snapshot in mid-mini-transaction", ("readers",), replica_shows_half,
           (("readers", 0), ("readers", 1))),
    Mutant(14, "gossip copies the tail of an old epoch", ("promises", "split", "laggards", "half_sent"), gossip_copies_an_old_tail,
           (("split", 0), ("promises", 0))),
    Mutant(15, "commit visible before it is durable", ("power", "laggards"), visible_before_durable,
           (("power", 0), ("laggards", 1))),
    Mutant(16, "clone shares a mutable page", missing=NO_CLONES),
    Mutant(17, "restore to a time is off by one record", missing=NO_PITR),
    Mutant(18, "the fence comes after the question", ("split", "laggards", "recovery"), fence_after_the_question,
           (("split", 4), ("split", 5), ("laggards", 7))),
    Mutant(19, "PGCL in recovery is the fourth highest", ("laggards", "recovery", "storm"), pgcl_is_the_fourth_highest,
           (("laggards", 2), ("laggards", 3), ("laggards", 6))),
    Mutant(20, "an epoch counts that could not be written", ("disks", "storm"), promise_without_disk,
           (("disks", 29), ("storm", 28), ("disks", 32), ("disks", 39))),
    Mutant(21, "a lost or misdirected write is not noticed", ("astray",), lost_write_unnoticed,
           (("astray", 0),)),
    Mutant(22, "promotion without a fence", ("readers", "control"), promotion_without_a_fence,
           (("readers", 28), ("readers", 17))),
    Mutant(23, "a promoted reader keeps its pages as they are", ("control", "readers"), promotion_keeps_its_pages,
           (("control", 2), ("control", 4))),
    Mutant(24, "a leader that lost its lease overrules the next", ("control",), leader_overrules,
           (("control", 11), ("control", 13))),
    Mutant(25, "a supervisor starts a dead writer as writer again", ("control",), supervisor_starts_writers_again,
           (("control", 0), ("control", 1))),
    Mutant(26, "what an instance said before it died counts", ("control",), old_reports_count,
           (("control", 154), ("control", 53))),
    Mutant(27, "a writer that answers stays, whatever it reaches", ("unreached",), waiting_is_no_reason,
           (("unreached", 1), ("unreached", 0))),
    Mutant(28, "a writer is replaced whose commits wait like everybody's would", ("unreached",), waiting_is_reason_enough,
           (("unreached", 0),)),
    Mutant(29, "a promoted reader keeps what the dead writer had not made durable", ("readers", "control"), promotion_keeps_the_tail,
           (("readers", 2), ("readers", 3))),
    Mutant(30, "a freeing that a recovery annulled counts", ("freed", "storm"), annulled_freeing_counts,
           (("freed", 58),)),
    Mutant(31, "freeings are not handed over with the runs", ("freed",), freeings_are_not_handed_over,
           (("freed", 5),)),
    Mutant(32, "freeings are not persisted", ("freed", "power"), freeings_are_not_persisted,
           (("freed", 19),)),
    Mutant(33, "a freed page is gone for those who read before that", ("freed",), freed_pages_go_too_early,
           (("freed", 0),)),
)


def tally(only: int | None = None) -> int:
    """Hunts with all mutants; a line for each. The number of those that were not caught."""
    left = 0
    for mutant in MUTANTS:
        if only is not None and mutant.number != only:
            continue
        if mutant.missing:
            print(f"{mutant}: not possible: {mutant.missing}", flush=True)
            continue
        found = mutant.hunt()
        if found is None:
            left += 1
            print(f"{mutant}: NOT CAUGHT in {SEEDS_MAX} worlds", flush=True)
        else:
            scenario, seed, worlds, failure = found
            print(f"{mutant}: caught by {scenario} {seed}, world {worlds}: {failure[:150]}", flush=True)
    return left
