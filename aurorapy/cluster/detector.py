"""Who has fallen silent: a machine without a clock of its own.

    detector = Detector(silent_s=3.0)
    detector.expect("i1", now)              # silence counts from here
    detector.heard("i1", now)
    detector.silent("i1", now)              # nothing for 3 s

Time that this process itself did not run (stopped, or starved) is nobody's silence: when ticks are far apart, everybody's
count begins anew.

Not here: deaths, which a pidfd tells at once (`supervisor`); what follows from silence (`failover`).
"""

from __future__ import annotations

GAP_SECONDS = 1.0  # ticks further apart than this: we were away


class Detector:
    def __init__(self, silent_s: float) -> None:
        self._silent_s = silent_s
        self._heard: dict[str, float] = {}
        self._ticked: float | None = None

    def begin(self) -> None:
        """Anew: what was heard once, and the time in which nobody listened, count for nothing."""
        self._heard.clear()
        self._ticked = None

    def expect(self, name: str, now: float) -> None:
        self._heard.setdefault(name, now)

    def heard(self, name: str, now: float) -> None:
        self._heard[name] = now

    def forget(self, name: str) -> None:
        self._heard.pop(name, None)

    def tick(self, now: float) -> None:
        if self._ticked is not None and now - self._ticked > GAP_SECONDS:
            away = now - self._ticked
            for name in self._heard:
                self._heard[name] += away
        self._ticked = now

    def silent(self, name: str, now: float) -> bool:
        since = self._heard.get(name)
        return since is not None and now - since > self._silent_s
