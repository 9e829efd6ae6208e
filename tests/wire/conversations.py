"""The captured conversations (tests/wire/captured.txt), read back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Conversation:
    title: str
    sent: list[bytes] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    closed: bool = False

    def first(self, letter: bytes) -> bytes:
        return next(raw for raw in self.received if raw[:1] == letter)

    def all(self, letter: bytes) -> list[bytes]:
        return [raw for raw in self.received if raw[:1] == letter]


def load() -> dict[str, Conversation]:
    found: dict[str, Conversation] = {}
    for line in (Path(__file__).parent / "captured.txt").read_text().splitlines():
        if not line:
            continue
        if line == "< closed":
            conversation.closed = True
        elif line.startswith("> "):
            conversation.sent.append(bytes.fromhex(line[2:]))
        elif line.startswith("< "):
            conversation.received.append(bytes.fromhex(line[2:]))
        else:
            conversation = found[line] = Conversation(line)
    return found


CAPTURED = load()
