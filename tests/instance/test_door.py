"""What the door of an instance keeps until it can be done."""

from __future__ import annotations

from aurorapy.instance import messages as im
from aurorapy.instance.door import InstanceDoor
from aurorapy.storage.messages import Epoch


class Host:
    """Does what is spawned at once."""

    def __init__(self) -> None:
        self.tasks = self

    def spawn(self, work, *arguments, name=""):
        work(*arguments)


class Link:
    def __init__(self) -> None:
        self.sent: list = []

    def send(self, *parts: bytes) -> None:
        self.sent.append(im.decode(b"".join(parts))[0])


def told(role: str) -> tuple[InstanceDoor, Link]:
    door, link = InstanceDoor(Host(), {"instance_role": role}), Link()
    for number in (3, 4):
        door.link_frame(link, b"".join(im.encode(im.Follow(f"h:{number}", Epoch(number, 1)), number)))
    return door, link


def test_a_reader_that_has_no_volume_yet_follows_later_whom_it_was_told_last():
    followed: list = []
    door, link = told("reader")
    door.let_follow(lambda address, epoch: followed.append((address, epoch)))
    assert followed == [("h:4", Epoch(4, 1))] and link.sent == []


def test_a_writer_says_that_it_cannot_follow():
    _, link = told("writer")
    assert [type(answer) for answer in link.sent] == [im.Failed, im.Failed]
