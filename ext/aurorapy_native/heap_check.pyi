"""Checking heap pages: stub of heap_check.pyx, which holds the chapter."""

from aurorapy_native.tuples import RowCodec

def check_page(data: bytes, root: int, codec: RowCodec | None = None) -> list[str]:
    """The page's problems, a sentence each; none for a sound page. root: its relation's map page."""

def page_facts(data: bytes) -> list[tuple[int, str, int, int, int, int]]:
    """[(line, state, xmin, xmax, next tid, infomask)] of a page; state: normal, redirect, dead, unused."""

def all_visible(data: bytes) -> bool:
    """Does the page say that everybody sees all its rows?"""
