"""What histories over a writer and its readers must look like, whoever read what where.

    forks([{(0, 0), (1, 0)}, {(0, 1)}])        → ["(1, 0) and (0, 1) …"]: two commits, seen in either order
    ListAppend                                  snapshots are cuts of one order of commits, and commits are whole

Not here: the runs (`__main__`).
"""

from __future__ import annotations

import threading

KEYS = 4  # lists that are appended to at the same time
PER_KEYS = 100  # transactions before the next four lists


def forks(seen: list[set[tuple[int, int]]]) -> list[str]:
    """Every two snapshots of two counters must be comparable."""
    pairs = sorted(set().union(*seen))
    wrong, highest = [], (0, 0)
    for pair in pairs:
        if pair[1] < highest[1]:
            wrong.append(f"{pair} and {highest}: two commits were seen in both orders")
        highest = max(highest, pair, key=lambda each: each[1])
    return wrong


class ListAppend:
    """Transactions append one value to two of four lists; snapshots read all four, two of them twice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._one_ended = threading.Condition(self._lock)
        self._number = 0
        self.total = 0
        self.acknowledged: dict[int, tuple[int, int]] = {}
        self.snapshots: set[tuple[int, tuple]] = set()
        self.problems: list[str] = []
        self.reads = 0

    @property
    def begun(self) -> int:
        return min(self._number, self.total)

    def begin(self) -> tuple[int, int, int] | None:
        """(list, list, value) of the next transaction."""
        with self._lock:
            self._number += 1
            if self._number > self.total:
                return None
            first = self.keys()[0]
            key = self._number % KEYS
            other = (key + 1 + self._number // KEYS % (KEYS - 1)) % KEYS
            return first + key, first + other, self._number

    def keys(self) -> list[int]:
        first = self.begun // PER_KEYS * KEYS
        return list(range(first, first + KEYS))

    def ended(self, value: int, key: int, other: int, committed: bool) -> None:
        with self._lock:
            if committed:
                self.acknowledged[value] = (key, other)
            self._one_ended.notify_all()

    def wait(self, seconds: float) -> None:
        """Until a transaction ends."""
        with self._lock:
            self._one_ended.wait(seconds)

    def committed(self) -> int:
        return len(self.acknowledged)

    def read(self, number: int, rows: list[tuple]) -> None:
        found: dict[int, str] = {}
        for key, text in rows:
            if found.setdefault(int(key), text) != text:
                self.problems.append(f"reader {number} read list {key} twice in one snapshot and differently")
        group = min(found, default=0) // KEYS
        with self._lock:
            self.reads += 1
            self.snapshots.add((group, tuple(sorted(found.items()))))

    def check(self, final: dict[str, str]) -> list[str]:
        wrong = self.problems
        order = {int(key): values(text) for key, text in final.items()}
        for value, keys in self.acknowledged.items():
            for key in keys:
                if order.get(key, []).count(value) != 1:
                    wrong.append(f"acknowledged {value} is {order.get(key, []).count(value)} times in list {key}")
        pairs: dict[int, set[int]] = {}
        for key, found in order.items():
            for value in found:
                pairs.setdefault(value, set()).add(key)
        cuts: dict[int, set[tuple[int, ...]]] = {}
        for group, rows in self.snapshots:
            lists = {key: values(text) for key, text in rows}
            held = {key: set(found) for key, found in lists.items()}
            for key, found in lists.items():
                if found != order[key][: len(found)]:
                    wrong.append(f"list {key} was read as {found[-5:]}, which is no beginning of what it became")
                for value in found:
                    if any(value not in held.get(other, ()) for other in pairs[value]):
                        wrong.append(f"a snapshot sees half of transaction {value}")
            first = group * KEYS
            cuts.setdefault(group, set()).add(tuple(len(lists.get(key, [])) for key in range(first, first + KEYS)))
        for group, found in cuts.items():
            before: tuple[int, ...] = (0,) * KEYS
            for cut in sorted(found, key=sum):
                if any(a > b for a, b in zip(before, cut)):
                    wrong.append(f"lists {group * KEYS}…: snapshots {before} and {cut} are in no order")
                before = cut
        return wrong


def values(text: str) -> list[int]:
    return [int(each) for each in text.split(",") if each]
