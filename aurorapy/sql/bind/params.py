"""Parameters of a statement: the types the client gave, and those the statement itself decides.

    SELECT $1 + 1        $1 becomes integer where + is resolved
    SELECT $1            $1 becomes text in the end
    SELECT $2            there is no way to tell what $1 is: 42P18

Not here: values of parameters.
"""

from __future__ import annotations


from aurorapy.errors import DatabaseError
from aurorapy.expressions import nodes as n
from aurorapy.records import replace
from aurorapy.types.names import format_type

UNKNOWN = 705


class Parameters:
    """`types[i]` is the type OID of $(i+1), 0 until it is known. `fixed`: no others may appear."""

    __slots__ = ("types", "fixed", "_undecided")

    def __init__(self, types: list[int] | None = None, fixed: bool = False) -> None:
        self.types = list(types or ())
        self.fixed = fixed
        self._undecided: dict[int, int] = {}  # position → number of those whose context did not want a type

    def node(self, number: int, position: int) -> n.Param:
        if self.fixed and number > len(self.types):
            raise DatabaseError(f"there is no parameter ${number}", sqlstate="42P02", position=position)
        while len(self.types) < number:
            self.types.append(0)
        if not self.types[number - 1] and position:
            self._undecided[position] = number
        return n.Param(self.types[number - 1] or UNKNOWN, -1, position, number)

    def decide(self, param: n.Param, target: int) -> n.Param:
        """The parameter under the type its context wants; the first such type is kept."""
        if param.number < 1:
            return replace(param, type_oid=target)
        known = self.types[param.number - 1]
        self._undecided.pop(param.position, None)
        if known in (0, UNKNOWN):
            self.types[param.number - 1] = target
        elif known != target:
            raise DatabaseError(
                f"inconsistent types deduced for parameter ${param.number}",
                sqlstate="42P08",
                detail=f"{format_type(known)} versus {format_type(target)}",
                position=param.position,
            )
        return replace(param, type_oid=target)

    def check(self) -> None:
        """42P18 when the statement left one without a type, 42P08 when it did so in one place only."""
        for number, oid in enumerate(self.types, 1):
            if oid in (0, UNKNOWN):
                raise DatabaseError(f"could not determine data type of parameter ${number}", sqlstate="42P18")
        for position, number in self._undecided.items():
            raise DatabaseError(
                f"could not determine data type of parameter ${number}", sqlstate="42P08", position=position
            )
