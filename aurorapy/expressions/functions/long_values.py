"""Functions over one very long value, in steps of a millisecond: a step of C code cannot be interrupted.

    replaced("aab" * 10_000_000, "ab", "x")      a MB of the text at a time
    hashed(hashlib.md5(), text)

Between two steps stands a call of Python code, where the timer of `host.preemption` may let others run.

Not here: what the functions mean; shorter values never come this way.
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy_native.pieces import join_text

PIECE = 1 << 20
PIECES_MAX = 10_000


def _step() -> None:
    """Where others may run."""


def mapped(text: str, change: Callable[[str], str]) -> str:
    """change(text), where `change` looks at each character alone."""
    if len(text) <= PIECE:
        return change(text)
    return join_text([change(text[at : at + PIECE]) for at in range(0, len(text), PIECE)], _step)


def reversed_text(text: str) -> str:
    if len(text) <= PIECE:
        return text[::-1]
    starts = range((len(text) - 1) // PIECE * PIECE, -1, -PIECE)
    return join_text([text[at : at + PIECE][::-1] for at in starts], _step)


def repeated(text: str, count: int) -> str:
    if len(text) * count <= PIECE:
        return text * count
    if len(text) > PIECE:
        return join_text([text] * count, _step)
    in_piece = PIECE // len(text)
    piece = text * in_piece
    return join_text([piece] * (count // in_piece) + [text * (count % in_piece)], _step)


def replaced(text: str, old: str, new: str) -> str:
    """text.replace(old, new); `old` is not empty."""
    if len(text) <= PIECE:
        return text.replace(old, new)
    found: list[str] = []
    at = 0
    while at < len(text):
        end = min(len(text), at + PIECE + len(old) - 1)
        *before, rest = text[at:end].split(old)
        if before:
            found.append(new.join(before) + new)
        keep = 0 if end == len(text) else min(len(rest), len(old) - 1)  # a match may begin there
        found.append(rest[: len(rest) - keep])
        at = end - keep
    return join_text(found, _step)


def joined(pieces: list[str]) -> str:
    """Nobody has to wait longer for many pieces than for long ones."""
    if len(pieces) <= PIECES_MAX:
        return "".join(pieces)
    return join_text(["".join(pieces[at : at + PIECES_MAX]) for at in range(0, len(pieces), PIECES_MAX)], _step)


def split(text: str, separator: str) -> list[str]:
    """text.split(separator); `separator` is not empty."""
    if len(text) <= PIECE:
        return text.split(separator)
    found: list[str] = []
    at = 0
    while len(text) - at > PIECE:
        end = at + max(1, PIECE // 4)  # of many short parts
        *whole, rest = text[at:end].split(separator)
        if whole:
            at = end - len(rest)  # where a separator may begin
        else:
            end = text.find(separator, at)
            if end < 0:
                break
            whole = [text[at:end]]
            at = end + len(separator)
        found += whole
        _step()
    found += text[at:].split(separator)
    return found


def hashed(digest: Any, value: str | bytes) -> Any:
    """The digest, fed with the value."""
    for at in range(0, len(value), PIECE):
        piece = value[at : at + PIECE]
        digest.update(piece.encode() if isinstance(piece, str) else piece)
    return digest
