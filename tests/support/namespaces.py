"""Several hosts on one machine: a network namespace each, joined by a bridge that the tests' own process is on too.

    with Hosts("h1", "h2") as hosts:
        hosts.address("h1")                     # 10.x.y.1, reached from the other hosts and from here
        hosts.run("h1", [sys.executable, …])    # a command on that host; Popen's arguments
        hosts.cut("h1", "h2"); hosts.heal()     # frames between the two go nowhere, in both directions, without a word

A cut is a neighbour entry that leads to a card nobody has: connections stay open and hear nothing, as behind a pulled cable.

Errors: pytest skips where namespaces cannot be made (not root, no bridge).

Not here: one-way cuts, delays, losses (the simulator has them).
"""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest

NOBODY = "02:00:00:00:ff:ff"


def why_not() -> str:
    """Empty where hosts can be made."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    name = f"av{os.getpid()}"
    for command in (["link", "add", "name", name, "type", "bridge"], ["link", "del", name], ["netns", "add", name], ["netns", "del", name]):
        try:
            done = subprocess.run(["ip", *command], capture_output=True, text=True)
        except OSError as error:
            return f"there is no ip command: {error.strerror}"
        if done.returncode:
            return f"ip {' '.join(command)}: {done.stderr.strip()}"
    return ""


class Hosts:
    def __init__(self, *names: str) -> None:
        self.names = names
        number = os.getpid()
        self._net = f"10.{64 + number % 128}.{number // 128 % 256}"
        self._prefix = f"av{number}"
        self._cut: set[tuple[str, str]] = set()

    def __enter__(self) -> Hosts:
        if reason := why_not():
            pytest.skip(reason)
        try:
            self._ip("link", "add", "name", self._prefix, "type", "bridge")
            self._ip("addr", "add", f"{self._net}.254/24", "dev", self._prefix)
            self._ip("link", "set", self._prefix, "up")
            for name in self.names:
                self._make(name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        for name in self.names:
            self._ip("netns", "del", self._space(name), check=False)
        self._ip("link", "del", self._prefix, check=False)

    def address(self, name: str) -> str:
        return f"{self._net}.{self.names.index(name) + 1}"

    def command(self, name: str, command: list[str]) -> list[str]:
        """The same, on that host."""
        return ["ip", "netns", "exec", self._space(name), *command]

    def run(self, name: str, command: list[str], **arguments: Any) -> subprocess.Popen:
        return subprocess.Popen(self.command(name, command), **arguments)

    def cut(self, *pair: str) -> None:
        for here, there in (pair, pair[::-1]):
            self._cut.add((here, there))
            self._ip("-n", self._space(here), "neigh", "replace", self.address(there), "lladdr", NOBODY, "dev", "eth0", "nud", "permanent")

    def heal(self) -> None:
        for here, there in sorted(self._cut):
            self._ip("-n", self._space(here), "neigh", "del", self.address(there), "dev", "eth0")
        self._cut.clear()

    def _space(self, name: str) -> str:
        return f"{self._prefix}-{name}"

    def _make(self, name: str) -> None:
        space, outside = self._space(name), f"{self._prefix}{self.names.index(name)}"
        self._ip("netns", "add", space)
        self._ip("link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", space)
        self._ip("link", "set", outside, "master", self._prefix, "up")
        self._ip("-n", space, "addr", "add", f"{self.address(name)}/24", "dev", "eth0")
        self._ip("-n", space, "link", "set", "eth0", "up")
        self._ip("-n", space, "link", "set", "lo", "up")

    @staticmethod
    def _ip(*arguments: str, check: bool = True) -> None:
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
        if check and done.returncode:
            raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
