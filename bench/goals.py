"""What is wanted of a figure: a floor that must be reached and an aim beyond it.

    Goal(0.9, 1.2).verdict(1.0)                  "at least"     reached, the aim not
    Goal(0.9, 1.2).verdict(1.3)                  "aim"
    Goal(60, 30, less=True).verdict(70)          "no"           60 KB is a ceiling here
    Goal(0.5, less=True).verdict(0.4)            "aim"          with one bound, reaching it is reaching everything
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """`less`: smaller values are better. Without an aim of its own the bound is the aim."""

    at_least: float
    aim: float | None = None
    less: bool = False

    def verdict(self, value: float) -> str:
        """aim, at least, or no."""
        if self._meets(value, self.at_least if self.aim is None else self.aim):
            return "aim"
        return "at least" if self._meets(value, self.at_least) else "no"

    def _meets(self, value: float, bound: float) -> bool:
        return value <= bound if self.less else value >= bound

    def score(self, value: float) -> float:
        """How the value stands to the bound: 1 is just reached, more is better, whichever way the figure runs."""
        if self.less:
            return self.at_least / value if value else float("inf")
        return value / self.at_least

    def __str__(self) -> str:
        sign = "≤" if self.less else "≥"
        return f"{sign} {self.at_least:,g}" + ("" if self.aim is None else f", aim {self.aim:,g}")
