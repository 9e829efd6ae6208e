"""A link of the leader to each instance: how are you, and what the leader has decided.

    links = InstanceLinks(network, heard, told, up)
    links.follow(topology.instances)            # links to these, none to others
    links.ask()                                 # every 250 ms: Report comes to heard(name, report)
    links.send("i2", Promote(5))                # Promoted or Failed comes to told(name, message)

A message to an instance whose link is down is lost; up(name) says when it stands again.

Not here: what a silence means (`detector`, `failover`), one question of a command (`asking`).
"""

from __future__ import annotations

from typing import Any, Callable, Mapping

from aurorapy.cluster.topology import Instance
from aurorapy.host import Link, Network
from aurorapy.instance import messages as im

ASK_SECONDS = 0.25


class InstanceLinks:
    def __init__(self, network: Network, heard: Callable[[str, im.Report], None], told: Callable[[str, Any], None],
                 up: Callable[[str], None]) -> None:  # fmt: skip
        self._network = network
        self._heard, self._told, self._up = heard, told, up
        self._links: dict[str, Link] = {}
        self._names: dict[Link, str] = {}

    def follow(self, instances: Mapping[str, Instance]) -> None:
        for name, link in list(self._links.items()):
            if name not in instances or instances[name].link != link.address:
                self._forget(name)
        for name, instance in instances.items():
            if name not in self._links:
                link = self._links[name] = self._network.connect(instance.link, self)
                self._names[link] = name

    def ask(self) -> None:
        for link in self._links.values():
            if link.is_up:
                link.send(*im.encode(im.Ask()))

    def send(self, name: str, message: Any) -> None:
        link = self._links.get(name)
        if link is not None and link.is_up:
            link.send(*im.encode(message))

    def close(self) -> None:
        for name in list(self._links):
            self._forget(name)

    def _forget(self, name: str) -> None:
        link = self._links.pop(name)
        del self._names[link]
        link.close()

    # -- a link's user -------------------------------------------------------------------------------------------------
    def link_up(self, link: Link) -> None:
        if link in self._names:
            link.send(*im.encode(im.Ask()))
            self._up(self._names[link])

    def link_lost(self, link: Link) -> None:
        pass

    def link_frame(self, link: Link, frame: bytes) -> None:
        name = self._names.get(link)
        if name is None:
            return
        message, _ = im.decode(frame)
        if type(message) is im.Report:
            self._heard(name, message)
        else:
            self._told(name, message)
