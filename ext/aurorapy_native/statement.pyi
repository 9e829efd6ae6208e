"""Fields of a prepared statement and of a session's portals: stub of statement.pyx, which holds the chapter."""

from typing import Any

from aurorapy_native.point import PointProgram

class StatementCore:
    """The fields of a prepared statement by which it is run."""

    text: str
    columns: list[Any] | None
    validity: tuple | None
    executable: Any
    program: PointProgram | None
    reads: bool
    control: str | None
    lock_keys: list[tuple[tuple, int]]
    allowed_to: int
    encoders: dict[tuple, Any]
    descriptions: dict[tuple, bytes]
    readers: dict[tuple, Any]

class PortalsCore:
    """The portals of a session."""

    by_name: dict[str, Any]
