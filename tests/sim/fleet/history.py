"""What the volume must hold: every writer's changes, kept apart from the code that is tested.

    history.open(epoch, vdl, position)   → Branch: what this writer may believe; checks I1, I3, I4
    branch.change(page, lsn, changes)      the writer changed a page
    branch.freed(lsn, ranges)              the writer freed pages
    branch.end(lsn)                        the mini-transaction is complete
    branch.acknowledged(lsn)               somebody was told that it is durable
    branch.vdl_moved(vdl)

Each epoch has a branch: the changes of its parent (the next older epoch that opened) up to the VDL it recovered, and its
own. Two writers may believe in two branches at the same time; what the older one acknowledged must be below the newer
one's VDL all the same.

Errors: Violation.
"""

from __future__ import annotations

from typing import Any

from tests.sim.storage import PageVersions, Violation


class Branch(PageVersions):
    """One epoch's history."""

    def __init__(self, history: History, epoch: Any, vdl: int, position: int, parent: Branch | None) -> None:
        super().__init__()
        self.history, self.epoch, self.began, self.position, self.parent = history, epoch, vdl, position, parent
        self.vdl = vdl
        self.ends = [0]
        self.highest = position  # LSN handed out
        self.acked = 0
        self.commits = 0
        if parent is not None:
            for page_no, versions in parent.versions.items():
                self.versions[page_no] = [version for version in versions if version[0] <= vdl]
            self.ends = [end for end in parent.ends if end <= vdl]

    def change(self, page_no: int, lsn: int, changes: list, content: bytes) -> None:
        self._handed_out(lsn)
        self.add(page_no, lsn, changes, content)
        self.highest = max(self.highest, lsn)

    def freed(self, lsn: int, ranges: list[tuple[int, int]]) -> None:
        self._handed_out(lsn)
        for first, pages in ranges:
            self.free(first, pages, lsn)
        self.highest = max(self.highest, lsn)

    def _handed_out(self, lsn: int) -> None:
        if lsn <= self.highest and self.highest != self.position:
            raise Violation(f"I3: LSN {lsn:#x} of epoch {self.epoch} does not lie above {self.highest:#x}")
        for other in self.history.branches.values():
            if other.epoch > self.epoch and lsn > other.position:
                raise Violation(f"I3: epoch {self.epoch} hands out {lsn:#x}, above where epoch {other.epoch} began")

    def end(self, lsn: int) -> None:
        self.ends.append(lsn)

    def vdl_moved(self, vdl: int) -> None:
        """The writer holds everything up to here for durable: from now on it is."""
        if vdl < self.vdl:
            raise Violation(f"I3: the VDL of epoch {self.epoch} went back from {self.vdl:#x} to {vdl:#x}")
        self.vdl = vdl
        for other in self.history.branches.values():
            if other.epoch > self.epoch and vdl > other.began:
                raise Violation(
                    f"I4: epoch {self.epoch} reached {vdl:#x} although epoch {other.epoch} had begun at {other.began:#x}"
                )

    def acknowledged(self, lsn: int) -> None:
        self.commits += 1
        self.history.commits += 1
        self.acked = max(self.acked, lsn)
        if lsn > self.vdl:
            raise Violation(f"I1: {lsn:#x} was acknowledged and the VDL is {self.vdl:#x}")


class History:
    """All epochs that ever opened."""

    def __init__(self) -> None:
        self.branches: dict[Any, Branch] = {}
        self.commits = 0

    def open(self, epoch: Any, vdl: int, position: int) -> Branch:
        """A writer has recovered."""
        if epoch in self.branches:
            raise Violation(f"I4: epoch {epoch} was opened twice")
        for other in self.branches.values():
            if other.epoch < epoch:
                if vdl < other.vdl:
                    raise Violation(
                        f"I1: epoch {other.epoch} had reached {other.vdl:#x}; epoch {epoch} recovered {vdl:#x} (lost)"
                    )
                if position < other.highest:
                    raise Violation(
                        f"I3: epoch {epoch} begins at {position:#x}; epoch {other.epoch} handed out {other.highest:#x}"
                    )
            elif other.began < vdl:
                raise Violation(f"I4: epoch {other.epoch} began at {other.began:#x}, the older {epoch} at {vdl:#x}")
        older = [other for other in self.branches if other < epoch]
        parent = self.branches[max(older)] if older else None
        known = parent.ends if parent is not None else [0]
        if vdl not in known:
            raise Violation(f"I3: the recovered VDL {vdl:#x} is not the end of a mini-transaction")
        branch = self.branches[epoch] = Branch(self, epoch, vdl, position, parent)
        return branch

    def newest(self) -> Branch | None:
        return self.branches[max(self.branches)] if self.branches else None
