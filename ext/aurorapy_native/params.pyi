"""Parameter values of a Bind message: stub of params.pyx, which holds the chapter."""

from collections.abc import Callable
from typing import Any

class ParamReader:
    """Values of one statement's parameters in one combination of formats."""

    def __init__(self, codes: bytes, decoders: tuple[Callable[[bytes], Any], ...]) -> None: ...
    @property
    def codes(self) -> bytes: ...
    @property
    def decoders(self) -> tuple[Callable[[bytes], Any], ...]: ...
    def read_all(self, data: bytes) -> tuple | None:
        """The values of `data`, a 16-bit count and the values as Bind has them; None as the chapter says."""
