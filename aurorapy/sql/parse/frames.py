"""Where in a query the feed stands: one Frame an open bracket.

Not here: what words do there (`clauses`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.sql.parse.marks import Word


class Frame:
    """An open bracket, CASE, or the statement itself.

    `separators` maps words that act as commas here (FROM in extract) for the call `mark`; `verb` and `clause` say where
    in which statement we are; `betweens` counts BETWEENs whose AND is still to come.
    """

    __slots__ = (
        "closer", "kind", "mark", "separators", "verb", "statement", "clause", "betweens", "extra", "with_", "target", "fresh",
        "must_part", "joins",
    )  # fmt: skip

    def __init__(self, closer: str, kind: str = "paren", mark: Any = None, separators: frozenset[str] = frozenset()):
        self.closer = closer
        self.kind = kind
        self.mark = mark
        self.separators = separators
        self.verb = ""  # select, insert, update, delete: whose clauses we are in
        self.statement = ""  # insert, update or delete, also while its SELECT goes on
        self.clause = ""
        self.joins = 0  # joins whose ON or USING is still to come
        self.betweens = 0
        self.extra = 0  # parentheses to close beyond the written one
        self.with_ = False
        self.target: Word | None = None
        self.fresh = True
        self.must_part = False  # a separator has to come: extract(year FROM d)
