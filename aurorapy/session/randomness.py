"""random() and setseed() of one session: xoroshiro128**, the generator PostgreSQL 15 uses, so equal seeds give equal numbers.

    SELECT setseed(0.5); SELECT random();      0.985 …, here as there

Nothing secret is made of these numbers; those come from `host.random`.
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_SEED_SCALE = float((1 << 52) - 1)


class SessionRandom:
    """`seed_bytes`: 16 random bytes to start from."""

    def __init__(self, seed_bytes: bytes) -> None:
        self._first = int.from_bytes(seed_bytes[:8], "big") or 1
        self._second = int.from_bytes(seed_bytes[8:], "big") or 1

    def seed(self, value: float) -> None:
        """setseed(value), value from -1 to 1."""
        state = int(_SEED_SCALE * value) & _MASK
        state, self._first = _split_mix(state)
        state, self._second = _split_mix(state)

    def uniform(self) -> float:
        """The next number, from [0, 1)."""
        first, mixed = self._first, self._second ^ self._first
        value = _rotate(first * 5 & _MASK, 7) * 9 & _MASK
        self._first = _rotate(first, 24) ^ mixed ^ (mixed << 16 & _MASK)
        self._second = _rotate(mixed, 37)
        return (value >> 12) * 2.0**-52


def _rotate(value: int, bits: int) -> int:
    return (value << bits | value >> (64 - bits)) & _MASK


def _split_mix(state: int) -> tuple[int, int]:
    """(the next state, a number made of it)."""
    state = state + 0x9E3779B97F4A7C15 & _MASK
    value = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _MASK
    return state, value ^ value >> 31
