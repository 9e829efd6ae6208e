"""What the clients know of the database, and what it must therefore hold.

Every value ever written is a *token* of its own, and every write knows the token it replaced, so a transaction is a set
of edges from token to token. With the set of transactions that committed, the state is what the edges lead to:

    key 7:  a.1 → b.4 → a.9                 committed: a, b         state: a.9
    two edges from one token                                        a lost update
    an edge from a token nobody committed                           a dirty read

Which transactions committed is read from the table `history`, where each leaves its tag:

    acknowledged ⊆ history ⊆ acknowledged + in doubt                I1, I2
    what a transaction in doubt became, it stays                    I2
    the rows are what the edges of `history` lead to                all or nothing, I8

Not here: how it is asked (`checks`), who writes (`workload`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Iterable

ABSENT = ""
Key = tuple[str, int]  # table, primary key


class Violation(AssertionError):
    """An invariant does not hold."""


@dataclass(slots=True)
class Edge:
    """One write: `key` went from token `old` to token `new`, with what else is in the row."""

    key: Key
    old: str
    new: str
    value: str = ""


@dataclass(slots=True)
class Txn:
    """state: active, acknowledged, aborted, doubt (the answer to its COMMIT has not come, or will never)."""

    tag: str
    edges: list[Edge] = field(default_factory=list)
    state: str = "active"
    scratch: Scratch | None = None  # what its client's own table becomes
    writes_moves: bool = False  # its edges are in the table `moves`


@dataclass(slots=True)
class Scratch:
    """A client's own table: None when it does not exist."""

    rows: dict[int, str] | None = None


@dataclass(slots=True)
class Sight:
    """What one repeatable read transaction saw: tags of history, and rows."""

    reader: str
    tags: frozenset[str]
    rows: dict[Key, tuple[str, str]]
    must: frozenset[str]  # acknowledged before it began


class Model:
    def __init__(self) -> None:
        self.base: dict[Key, tuple[str, str]] = {}  # the state at the last check: key → (token, value)
        self.base_tags: set[str] = set()
        self.txns: dict[str, Txn] = {}  # since then
        self.acknowledged: set[str] = set()
        self.refused: set[str] = set()  # rolled back: never to be seen
        self.scratch: dict[int, Scratch] = defaultdict(Scratch)
        self.tickets: Counter[int] = Counter()
        self.sights: list[Sight] = []
        self.vdl = 0  # the highest that anybody was told of
        self.ends: set[int] = {0}  # LSNs at which mini-transactions end
        self.counts: Counter[str] = Counter()

    # -- from clients --------------------------------------------------------------------------------------------------
    def begin(self, tag: str) -> Txn:
        txn = self.txns[tag] = Txn(tag)
        return txn

    def acknowledge(self, txn: Txn) -> None:
        txn.state = "acknowledged"
        self.acknowledged.add(txn.tag)
        self.counts["acknowledged"] += 1

    def refuse(self, txn: Txn) -> None:
        txn.state = "aborted"
        self.refused.add(txn.tag)
        self.counts["rolled back"] += 1

    def note_tickets(self, values: Iterable[int]) -> None:
        for value in values:
            self.tickets[value] += 1
            if self.tickets[value] > 1:
                raise Violation(f"I8: the sequence gave {value} twice")

    # -- against the database ------------------------------------------------------------------------------------------
    def check_tags(self, tags: set[str]) -> None:
        """I1 and I2 for the set of committed transactions."""
        lost = self.acknowledged - tags
        if lost:
            raise Violation(f"I1: acknowledged and lost: {sorted(lost)}")
        risen = tags & self.refused
        if risen:
            raise Violation(f"I2: rolled back, or once found missing, and there: {sorted(risen)}")
        unknown = {tag for tag in tags - self.base_tags - self.acknowledged if tag not in self.txns}
        if unknown:
            raise Violation(f"I2: nobody wrote {sorted(unknown)}")
        self._check_order(tags)
        gone = self.base_tags - tags
        if gone:
            raise Violation(f"I2: there at the last check and gone: {sorted(gone)}")

    def _check_order(self, tags: set[str]) -> None:
        """Of what one client committed one after another, nothing is missing before something that is there."""
        missing: dict[int, str] = {}
        for tag, txn in self.txns.items():
            if txn.state in ("active", "aborted"):
                continue
            if tag not in tags:
                missing.setdefault(client_of(tag), tag)
            elif client_of(tag) in missing:
                raise Violation(f"I2: {tag} is there, {missing[client_of(tag)]}, committed before it, is not")

    def state_of(self, tags: Iterable[str]) -> dict[Key, tuple[str, str]]:
        """Rows that these transactions, on top of the last check, lead to. Violation when there is no such state."""
        edges: dict[Key, list[Edge]] = defaultdict(list)
        for tag in tags:
            txn = self.txns.get(tag)
            if txn is not None and tag not in self.base_tags:
                for edge in txn.edges:
                    edges[edge.key].append(edge)
        state = dict(self.base)
        for key, writes in edges.items():
            before = self.base.get(key, (ABSENT, ""))
            left = Counter([before[0], *(edge.new for edge in writes)])
            left.subtract(edge.old for edge in writes)
            wrong = {token: count for token, count in left.items() if count < 0}
            last = [token for token, count in left.items() if count > 0]
            if wrong or len(last) != 1 or left[last[0]] != 1:
                path = ", ".join(f"{edge.old or '-'}→{edge.new or '-'}" for edge in writes)
                raise Violation(f"I8: writes of {key} do not follow each other, from {before[0] or '-'}: {path}")
            if last[0] == ABSENT:
                state.pop(key, None)
            else:
                value = next((edge.value for edge in writes if edge.new == last[0]), before[1])
                state[key] = (last[0], value)
        return state

    def compare(self, expected: dict[Key, tuple[str, str]], rows: dict[Key, tuple[str, str]], who: str) -> None:
        if expected == rows:
            return
        keys = sorted(k for k in expected.keys() | rows.keys() if expected.get(k) != rows.get(k))
        shown = "; ".join(f"{k}: {rows.get(k)} instead of {expected.get(k)}" for k in keys[:5])
        raise Violation(f"I2: {who} shows {len(keys)} wrong rows: {shown}")

    def check_sights(self, tags: set[str]) -> None:
        """What repeatable read transactions saw since the last check was a state, and stays part of history."""
        for sight in self.sights:
            if not sight.must <= sight.tags:
                raise Violation(f"I7: {sight.reader} missed {sorted(sight.must - sight.tags)}, acknowledged before it began")
            if not sight.tags <= tags:
                raise Violation(f"I1: {sight.reader} saw {sorted(sight.tags - tags)}, now gone")
            self.compare(self.state_of(sight.tags), sight.rows, sight.reader)
        self.counts["sights"] += len(self.sights)
        self.sights.clear()

    def settle(self, tags: set[str], rows: dict[Key, tuple[str, str]], final: bool) -> None:
        """The check passed: what is in the database is the new base. `final`: no transaction is under way."""
        for tag, txn in list(self.txns.items()):
            if tag not in tags and not final:
                continue
            if txn.state == "doubt":
                self.counts["in doubt"] += 1
            if tag in tags:
                self.acknowledged.add(tag)
                if txn.scratch is not None:
                    self.scratch[client_of(tag)] = txn.scratch
            else:
                self.refused.add(tag)
            del self.txns[tag]
        self.base, self.base_tags = rows, tags


def client_of(tag: str) -> int:
    """Tags are client.number."""
    return int(tag.split(".")[0])
