"""Rows' bytes from fields of text: stub of row_text.pyx, which holds the chapter."""

from typing import Any

from aurorapy_native.tuples import RowCodec

class RowText:
    codec: RowCodec
    fields: int
    def __init__(
        self,
        codec: RowCodec,
        fields: int,
        source: tuple[int | None, ...],
        kinds: tuple[str, ...],
        limits: tuple[int, ...],
        constants: tuple[Any, ...],
        required: tuple[bool, ...],
    ) -> None:
        """fields: how many a row of text has. A column's entries: the number of its field, or None; its kind, '' when
        its text is never for here; its type modifier; its value where it has no field; whether it must not be NULL."""
