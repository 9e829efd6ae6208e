"""Work that may take long and cannot call give_way(): a timer's signal calls it for it.

    found = long_call(compiled.search, text)      a regular expression that backtracks for minutes
    arm(tasks.give_way, may_switch)               and whatever may_switch(frame) says yes to

The interpreter looks for signals between two steps of Python code, and Python's `re` while it matches. The handler of a
timer, which fires every few ms while the process works, gives way while `long_call` is on, or where the frame that was
interrupted may be left: others run, and a cancel or timeout ends the work. Everywhere else the signal does nothing, so
code keeps its atomic stretches.

    idle ── CPU used: SIGPROF ──▶ working, a tick every 4 ms: SIGALRM ── 64 ticks with little CPU used ──▶ idle

A timer of CPU time is silent while nothing happens, but the kernel looks at it on its own ticks, of which a guest of a
busy machine misses some: up to 18 ms were seen between two signals, never more than 5 with the timer of real time.

Not here: loops of ours, which call give_way() themselves; which frames may be left (`session.interruption`); C code that
does not look for signals.
"""

from __future__ import annotations

import signal
import time
from functools import wraps
from typing import Any, Callable

from greenlet import getcurrent

INTERVAL_S = 0.004
TICKS_A_LOOK = 64
WORKING_SHARE = 0.1  # of one processor

_long: set[Any] = set()  # greenlets in a long call


def long_call(call: Callable[..., Any], *args: Any) -> Any:
    """call(*args), during which others may run. The call must not touch anything that others change."""
    here = getcurrent()
    if here in _long:
        return call(*args)
    _long.add(here)
    try:
        return call(*args)
    finally:
        _long.discard(here)


def tick(frame: Any, give_way: Callable[[], None], may_switch: Callable[[Any], bool]) -> None:
    """What a signal does: gives way if the greenlet that was interrupted, in `frame`, is in a long call or may be left."""
    here = getcurrent()
    is_long = here in _long
    if not is_long and not may_switch(frame):
        return
    _long.discard(here)  # giving way itself must not be interrupted
    try:
        give_way()
    finally:
        if is_long:
            _long.add(here)


def preemptible(function: Callable[..., Any]) -> Callable[..., Any]:
    """Makes every call of a function over its arguments alone a long call."""

    @wraps(function)
    def called(*args: Any) -> Any:
        return long_call(function, *args)

    return called


def arm(give_way: Callable[[], None], may_switch: Callable[[Any], bool] = lambda frame: False) -> None:
    """From now on long calls give way, and so do frames that `may_switch`. In the main thread, once a process."""

    ticks, used = 0, 0.0

    def has_worked(number: int, frame: Any) -> None:
        nonlocal ticks, used
        ticks, used = 0, time.process_time()
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, INTERVAL_S, INTERVAL_S)
        tick(frame, give_way, may_switch)

    def time_has_passed(number: int, frame: Any) -> None:
        nonlocal ticks, used
        ticks += 1
        if ticks == TICKS_A_LOOK:
            before, used, ticks = used, time.process_time(), 0
            if used - before < WORKING_SHARE * TICKS_A_LOOK * INTERVAL_S:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
        tick(frame, give_way, may_switch)

    for number, handler in ((signal.SIGPROF, has_worked), (signal.SIGALRM, time_has_passed)):
        signal.signal(number, handler)
        signal.siginterrupt(number, False)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)


def disarm() -> None:
    """Before the interpreter ends: without a handler the signal would kill the process."""
    for timer, number in ((signal.ITIMER_PROF, signal.SIGPROF), (signal.ITIMER_REAL, signal.SIGALRM)):
        signal.setitimer(timer, 0)
        signal.signal(number, signal.SIG_IGN)
