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
    def of_texts(self, texts: tuple[str, ...]) -> tuple | None:
        """The values of texts, a str a parameter, all in text format; None as the chapter says."""
