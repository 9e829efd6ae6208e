"""Work that may take long and cannot call give_way(): a timer's signal calls it for it.

    found = long_call(compiled.search, text)      a regular expression that backtracks for minutes
    arm(tasks.give_way, may_switch)               and whatever may_switch(frame) says yes to

The interpreter looks for signals between two steps of Python code, and Python's `re` while it matches. The handler of
SIGPROF, which comes every few ms of the process's CPU time, gives way while `long_call` is on, or where the frame that
was interrupted may be left: others run, and a cancel or timeout ends the work. Everywhere else the signal does nothing,
so code keeps its atomic stretches.

Not here: loops of ours, which call give_way() themselves; which frames may be left (`session.interruption`); C code that
does not look for signals.
"""

from __future__ import annotations

import signal
from functools import wraps
from typing import Any, Callable

INTERVAL_S = 0.004

_inside = False


def long_call(call: Callable[..., Any], *args: Any) -> Any:
    """call(*args), during which others may run. The call must not touch anything that others change."""
    global _inside
    before, _inside = _inside, True
    try:
        return call(*args)
    finally:
        _inside = before


def preemptible(function: Callable[..., Any]) -> Callable[..., Any]:
    """Makes every call of a function over its arguments alone a long call."""

    @wraps(function)
    def called(*args: Any) -> Any:
        return long_call(function, *args)

    return called


def arm(give_way: Callable[[], None], may_switch: Callable[[Any], bool] = lambda frame: False) -> None:
    """From now on long calls give way, and so do frames that `may_switch`. In the main thread, once a process."""

    def handler(number: int, frame: Any) -> None:
        global _inside
        if not _inside and not may_switch(frame):
            return
        before, _inside = _inside, False  # others run inside give_way
        try:
            give_way()
        finally:
            _inside = before

    signal.signal(signal.SIGPROF, handler)
    signal.siginterrupt(signal.SIGPROF, False)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)


def disarm() -> None:
    """Before the interpreter ends: without a handler the signal would kill the process."""
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, signal.SIG_IGN)
