"""Which segments a node holds, has held, and may make: the node file.

    node  "node": identity   "floor": no segment is made for an older writer   "hosted": groups whose segment was made here
          "identities": of the copies that the node would make now of groups whose segment it lost, or gave up

A segment's identity is its node's, drawn when the node's directory was made. A lost segment is not mistaken for one that
never was: the next copy of its group has an identity of its own, drawn when the loss is noticed, so the writer sees that
another one must take its place. A copy that was replaced goes from the disk once a membership without it, and without the
change that led there, is known here.

When both node files are gone, segments and log say whose they are: the node is what it was. With nothing sound left it is
a new, empty node, whose peers fill it. What it had promised with its floor alone is then forgotten, as with any lost disk.

Errors: OSError when what must be on disk before the answer cannot be written. DataCorrupted where there are no peers.

Not here: epochs (`epochs`), damage in the segments (`opening`, `scrub`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DataCorrupted
from aurorapy.storage import messages as m
from aurorapy.storage.node import manifest
from aurorapy.storage.node.segment import MANIFEST_KIND, Segment

NODE_KIND = "storage node"


class Hosting:
    """The part of one `StorageNode` that makes segments and lets them go."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.floor = m.NO_EPOCH  # no segment is made for an older writer
        self.serial = 0  # of the node file
        self.hosted: set[int] = set()  # groups whose segment was made here, and not given up or lost since
        self.identities: dict[int, str] = {}  # by group
        self.handlers = {m.ListSegments: self._list_segments, m.CreateSegment: self._create_segment}

    # -- the node file -------------------------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        return f"{self.node.directory}/node"

    def save(self) -> None:
        content = {
            "node": self.node.id,
            "floor": list(self.floor),
            "hosted": sorted(self.hosted),
            "identities": {str(group): identity for group, identity in sorted(self.identities.items())},
        }
        self.serial += 1
        manifest.save_both(self.node.host.disk, self.path, NODE_KIND, content, self.serial)

    def load(self) -> None:
        content, _ = manifest.load_either(self.node.host.disk, self.path, NODE_KIND)
        self.serial = content["serial"]
        self.node.id = content["node"]
        self.floor, self.hosted = m.Epoch(*content["floor"]), set(content["hosted"])
        self.identities = {int(group): identity for group, identity in content.get("identities", {}).items()}

    def is_file_damaged(self) -> bool:
        try:
            return not manifest.load_either(self.node.host.disk, self.path, NODE_KIND)[1]
        except (DataCorrupted, FileNotFoundError):
            return True

    def raise_floor(self, epoch: m.Epoch) -> None:
        if epoch > self.floor:
            before, self.floor = self.floor, epoch
            try:
                self.save()
            except OSError:
                self.floor = before
                raise

    # -- opening -------------------------------------------------------------------------------------------------------

    def find(self) -> bool:
        """Is there a node in the directory, by its file or by what its segments say? False: there may be remains."""
        try:
            self.load()
            return True
        except FileNotFoundError:
            problem = "are missing"
        except DataCorrupted:
            problem = "are damaged"
        manifests = self._manifests()
        if not manifests:
            return False
        if any(len(content["membership"]["members"]) < 2 for content in manifests):
            raise DataCorrupted(f"{self.path} and its copy {problem}")
        node = self.node
        segments = sorted(content["segment"] for content in manifests)
        node.id = node.log_owner() or max(segments, key=segments.count)
        self.hosted = {content["group"] for content in manifests}
        self.identities = {content["group"]: content["segment"] for content in manifests if content["segment"] != node.id}
        self.floor = max(m.Epoch(*content["epoch"]) for content in manifests)
        self.save()
        node.report(f"{self.path} and its copy {problem}: made again from what the segments say")
        return True

    def _manifests(self) -> list[dict[str, Any]]:
        disk, segments, found = self.node.host.disk, f"{self.node.directory}/segments", []
        for name in disk.list(segments) if disk.exists(segments) else ():
            try:
                found.append(manifest.load_either(disk, f"{segments}/{name}/manifest", MANIFEST_KIND)[0])
            except (DataCorrupted, FileNotFoundError):
                continue
        return found

    def note_segments(self, is_lost: bool) -> None:
        """The segments that are there were opened. One that is there was hosted, also when the node died between the
        segment's manifest and its own file; one that is not, although it was hosted, is lost."""
        node = self.node
        lost = self.hosted - node.segments.keys()
        if not is_lost and not any(map(node.gossip.has_peers, node.segments.values())):
            lost = set()  # without peers the log says what is missing
        if not lost and self.hosted.issuperset(node.segments):
            return
        self.hosted.update(node.segments)
        for group in lost:
            self._draw(group)
        try:
            self.save()
        except OSError as error:  # the segments themselves say so meanwhile
            node.report(f"the file {self.path} could not be saved: {error}")

    def _draw(self, group: int) -> None:
        self.hosted.discard(group)
        self.identities[group] = self.node.host.random.bytes(16).hex()

    def is_remains(self, segment: Segment) -> bool:
        """Had the node given it up when it died?"""
        return segment.group not in self.hosted and self.identities.get(segment.group, segment.id) != segment.id

    # -- making segments -----------------------------------------------------------------------------------------------

    def identity(self, group: int) -> str:
        """Of the copy that would be made now."""
        return self.identities.get(group, self.node.id)

    def was_here(self, group: int) -> bool:
        return group in self.hosted or group in self.identities

    def missing(self, message: Any) -> list[m.Message]:
        """The answer for a group that the node does not hold."""
        if message.epoch < self.floor:
            return [m.Refused(self.floor, message.group, "", message.epoch)]
        return [m.Missing(message.epoch, message.group, self.identity(message.group), self.was_here(message.group))]

    def _list_segments(self, message: m.ListSegments) -> list[m.Message]:
        self.raise_floor(message.epoch)
        segments = self.node.segments
        epoch = max([self.floor, *(segment.epoch for segment in segments.values())])
        volume = next((segment.volume for segment in segments.values()), m.NO_VOLUME)
        groups = {group: segment.membership for group, segment in segments.items()}
        return [m.Segments(self.node.id, volume, groups, epoch)]

    def _create_segment(self, message: m.CreateSegment) -> list[m.Message]:
        segment = self.node.segments.get(message.group)
        if segment is None:
            named = [each.segment for each in message.membership.members if each.copy == message.copy]
            if message.epoch < self.floor or not {*named} <= {"", self.identity(message.group)}:
                return self.missing(message)
            segment = self._make(message)
        elif message.epoch < segment.epoch:
            return [m.Refused(segment.epoch, segment.group, segment.copy, message.epoch)]
        return [m.SegmentCreated(segment.epoch, segment.group, segment.copy, segment.id)]

    def _make(self, message: m.CreateSegment) -> Segment:
        node, group = self.node, message.group
        directory = f"{node.directory}/segments/{group:06x}"
        node.host.disk.mkdir(directory)
        segment = Segment(node.host.disk, directory, group, message.copy, self.identity(group))
        segment.epoch, segment.truncations = message.epoch, message.truncations
        segment.membership, segment.volume = message.membership, message.volume
        segment.log_start = node.log.position
        segment.save()
        if group not in self.hosted:
            self.hosted.add(group)
            try:
                self.save()
            except OSError:  # it has promised nothing yet: the next attempt makes it anew
                self.hosted.discard(group)
                raise
        node.segments[group] = segment
        return segment

    # -- letting them go -----------------------------------------------------------------------------------------------

    def leave_replaced(self) -> None:
        """Removes the segments that were replaced for good. Background work: nothing else is done with them meanwhile."""
        for segment in list(self.node.segments.values()):
            if is_replaced(segment):
                self._leave(segment)

    def _leave(self, segment: Segment) -> None:
        node, group = self.node, segment.group
        self._draw(group)
        self.save()
        del node.segments[group]
        node.forget(segment)
        segment.close()
        segment.deltas, segment.images, segment.tables = [], [], []
        node.report(f"segment {group}{segment.copy} was replaced: {segment.membership}")
        node.host.in_thread(remove_files, node.host.disk, segment.directory)


def is_replaced(segment: Segment) -> bool:
    """Is it a copy of its group no more, and known not to be by those that count?"""
    membership = segment.membership
    if not membership.members or membership.before is not None:
        return False
    return not any(
        member.segment == segment.id or (not member.segment and member.copy == segment.copy) for member in membership.members
    )  # the letter may be another's by now


def remove_files(disk: Any, directory: str) -> None:
    """The manifest last: until then the rest is named."""
    for file in sorted(disk.list(directory), key=lambda name: name.startswith("manifest")):
        disk.remove(f"{directory}/{file}")
    disk.sync_directory(directory)
