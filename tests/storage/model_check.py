"""Every state of a small model of the epochs: one writer, two recoveries that race it and each other, three copies.

    python -m tests.storage.model_check                 all reachable states, and what the mutants lead to

The model keeps of the protocol what its safety rests on. Copies: epoch, truncation list, log. Messages are not kept: what
was once sent may be delivered at any later moment, again, or never, so delivering is a step that stays possible; a writer or
recovery that stops is one whose further steps do not come. An answer counts from the moment it is sent. Copies are alike,
so states that differ by their names are one.

    write    the writer of epoch e, once open, sends its records in order; a copy takes one if it follows e's list
    fence    a copy takes the epoch              ask      a fenced copy answers with log and list
    decide   from the answers of a read quorum   install  the list;   repair   the records;   open   on a write quorum

Checked in every state: a record acknowledged under an older epoch is in whatever a newer one decided, and in every newer
one's log afterwards: no two writers are acknowledged beside each other, and what was acknowledged survives.

Not here: groups, consistency points, memberships (`test_membership` tries their rules exhaustively), damage.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import Iterator, NamedTuple

RECORDS = {1: 2, 2: 1, 3: 1}  # by epoch: how many its writer writes; LSN = 10 * epoch + n


class Copy(NamedTuple):
    epoch: int
    list_epoch: int
    ranges: tuple[tuple[int, int], ...]
    log: tuple[int, ...]
    acknowledged: frozenset[int]  # LSNs for which it ever sent an answer to the writer that wrote them
    answers: tuple[tuple[int, int, tuple[tuple[int, int], ...], tuple[int, ...]], ...]  # (asking epoch, list, ranges, log)


class Decided(NamedTuple):
    epoch: int
    ranges: tuple[tuple[int, int], ...]
    log: tuple[int, ...]
    is_open: bool


class State(NamedTuple):
    copies: tuple[Copy, ...]
    decided: tuple[Decided, ...]  # by epoch; epoch 1 is open from the beginning


class Rules(NamedTuple):
    """What a mutant changes."""

    copies: int = 3
    write: int = 2
    read: int = 2
    asks_unfenced: bool = False
    fourth_highest: bool = False  # PGCL as the write quorum's, not the highest
    takes_any_epoch: bool = False  # a copy does not look at a write's epoch
    opens_at: int = 2  # copies that must have list and records


SOUND = Rules()
MUTANTS = {
    "the question comes before the fence": Rules(asks_unfenced=True),
    "recovery reads one of three": Rules(read=1),
    "PGCL is what a write quorum reached": Rules(fourth_highest=True),
    "a write's epoch is not looked at": Rules(takes_any_epoch=True),
    "a write is acknowledged at one of three": Rules(write=1),
}


def start(rules: Rules) -> State:
    copy = Copy(1, 1, (), (), frozenset(), ())
    return State((copy,) * rules.copies, (Decided(1, (), (), True),))


def cut(log: tuple[int, ...], ranges: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    return tuple(lsn for lsn in log if not any(low < lsn <= high for low, high in ranges))


def steps(state: State, rules: Rules) -> Iterator[tuple[str, State]]:
    decided = {each.epoch: each for each in state.decided}
    for at, copy in enumerate(state.copies):
        for text, after in steps_of_copy(copy, decided, rules):
            copies = (*state.copies[:at], after, *state.copies[at + 1 :])
            yield f"{at} {text}", State(tuple(sorted(copies, key=key)), state.decided)
    for epoch in (2, 3):
        if epoch not in decided:
            yield from decisions(state, epoch, rules)
        elif not decided[epoch].is_open and may_open(state, decided[epoch], rules):
            opened = tuple(each._replace(is_open=True) if each.epoch == epoch else each for each in state.decided)
            yield f"open {epoch}", State(state.copies, opened)


def key(copy: Copy) -> tuple:
    return (copy.epoch, copy.list_epoch, copy.ranges, copy.log, sorted(copy.acknowledged), copy.answers)


def steps_of_copy(copy: Copy, decided: dict[int, Decided], rules: Rules) -> Iterator[tuple[str, Copy]]:
    for epoch, plan in decided.items():
        if plan.is_open:
            previous = plan.log[-1] if plan.log else 0
            for n in range(1, RECORDS[epoch] + 1):
                lsn = 10 * epoch + n
                follows = rules.takes_any_epoch or copy.epoch == copy.list_epoch == epoch
                if follows and (copy.log[-1] if copy.log else 0) == previous:
                    yield f"takes {lsn}", copy._replace(log=(*copy.log, lsn), acknowledged=copy.acknowledged | {lsn})
                previous = lsn
        if epoch > 1:
            if copy.epoch < epoch or (copy.epoch == epoch and copy.list_epoch < epoch):
                yield f"installs {epoch}", copy._replace(
                    epoch=epoch, list_epoch=epoch, ranges=plan.ranges, log=cut(copy.log, plan.ranges)
                )
            if copy.epoch == copy.list_epoch == epoch and len(copy.log) < len(plan.log) and copy.log == plan.log[: len(copy.log)]:
                yield f"is repaired for {epoch}", copy._replace(log=plan.log)
    for epoch in (2, 3):
        if copy.epoch < epoch:
            yield f"fenced {epoch}", copy._replace(epoch=epoch)
        asked = [answer for answer in copy.answers if answer[0] == epoch]
        if (copy.epoch == epoch or (rules.asks_unfenced and copy.epoch < epoch)) and not asked and epoch not in decided:
            answer = (epoch, copy.list_epoch, copy.ranges, copy.log)
            yield f"answers {epoch}", copy._replace(answers=tuple(sorted((*copy.answers, answer))))


def decisions(state: State, epoch: int, rules: Rules) -> Iterator[tuple[str, State]]:
    answers = [answer[1:] for copy in state.copies for answer in copy.answers if answer[0] == epoch]
    if rules.asks_unfenced and sum(copy.epoch >= epoch for copy in state.copies) < rules.read:
        return
    for chosen in subsets(answers):
        if len(chosen) < rules.read:
            continue
        ranges = max(chosen)[1]
        logs = sorted((cut(log, ranges) for _, _, log in chosen), key=lambda log: log[-1:], reverse=True)
        log = logs[min(rules.write, len(logs)) - 1] if rules.fourth_highest else logs[0]
        ranges = (*ranges, (log[-1] if log else 0, 10 * epoch))
        yield f"decide {epoch} {log}", State(state.copies, tuple(sorted((*state.decided, Decided(epoch, ranges, log, False)))))


def subsets(answers: list) -> list[list]:
    found: list[list] = [[]]
    for answer in answers:
        found += [[*some, answer] for some in found]
    return found


def may_open(state: State, plan: Decided, rules: Rules) -> bool:
    ready = [copy for copy in state.copies if copy.epoch == copy.list_epoch == plan.epoch and copy.log[: len(plan.log)] == plan.log]
    return len(ready) >= rules.opens_at


def violation(state: State, rules: Rules) -> str:
    """Empty when all is well. A recovery that never opened may have decided less: it was overtaken before."""
    counts: dict[int, int] = {}
    for copy in state.copies:
        for lsn in copy.acknowledged:
            counts[lsn] = counts.get(lsn, 0) + 1
    acknowledged = [lsn for lsn, count in counts.items() if count >= rules.write]
    for plan in state.decided:
        for lsn in acknowledged:
            if lsn // 10 < plan.epoch and lsn not in plan.log:
                return f"{lsn} was acknowledged, and epoch {plan.epoch} decided {plan.log}"
    return ""


def search(rules: Rules, states_max: int = 10_000_000) -> tuple[int, list[str], str]:
    """(number of states, the way to the first violation, what it is)."""
    first = start(rules)
    before: dict[State, tuple[State, str] | None] = {first: None}
    queue = deque([first])
    while queue:
        state = queue.popleft()
        problem = violation(state, rules)
        if problem:
            way, at = [], before[state]
            while at is not None:
                way.append(at[1])
                at = before[at[0]]
            return len(before), way[::-1], problem
        if len(before) > states_max:
            raise RuntimeError("more states than can be looked at")
        for text, following in steps(state, rules):
            if following not in before:
                before[following] = (state, text)
                queue.append(following)
    return len(before), [], ""


def main() -> int:
    count, way, problem = search(SOUND)
    print(f"sound: {count} states, {problem or 'no violation'}", *way, sep="\n  ")
    missed = []
    for name, rules in MUTANTS.items():
        count, way, found = search(rules)
        print(f"{name}: {count} states, {found or 'no violation'}", *way, sep="\n  ")
        missed += [name] if not found else []
    return 1 if problem or missed else 0


if __name__ == "__main__":
    sys.exit(main())
