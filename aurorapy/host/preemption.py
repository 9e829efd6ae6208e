"""Calls into C that may take long and cannot call give_way(): a timer's signal calls it for them.

    found = long_call(compiled.search, text)      a regular expression that backtracks for minutes

Python's `re` looks for signals while it matches. The handler of SIGVTALRM, which comes every 10 ms of the process's CPU
time, gives way only while `long_call` is on: others run, and a cancel or timeout ends the match. Everywhere else the
signal does nothing, so code keeps its atomic stretches.

Not here: loops of ours, which call give_way() themselves.
"""

from __future__ import annotations

import signal
from functools import wraps
from typing import Any, Callable

INTERVAL_S = 0.01

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


def arm(give_way: Callable[[], None]) -> None:
    """From now on long calls give way. In the main thread, once a process."""

    def handler(number: int, frame: Any) -> None:
        global _inside
        if not _inside:
            return
        _inside = False  # others run inside give_way
        try:
            give_way()
        finally:
            _inside = True

    signal.signal(signal.SIGVTALRM, handler)
    signal.siginterrupt(signal.SIGVTALRM, False)
    signal.setitimer(signal.ITIMER_VIRTUAL, INTERVAL_S, INTERVAL_S)


def disarm() -> None:
    """Before the interpreter ends: without a handler the signal would kill the process."""
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, signal.SIG_IGN)
