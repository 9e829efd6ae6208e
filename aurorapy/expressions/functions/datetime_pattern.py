"""Template patterns of dates and times, read once into tokens: HH24 MI SS YYYY Month DD … with FM, TH and quoted text.

    tokens('FMDD "of" Month') → [Token("DD", trimmed=True), " ", "o", "f", " ", Token("Month")]

The longest keyword that fits wins; letters in no keyword stand for themselves.

Not here: what a token writes or reads (`datetime_format`, `datetime_parse`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

_WORDS = """
A.D. A.M. AD AM B.C. BC CC DAY DDD DD DY Day Dy D FF1 FF2 FF3 FF4 FF5 FF6 FX HH24 HH12 HH IDDD ID IW IYYY IYY IY I J MI MM
MONTH MON MS Month Mon OF P.M. PM Q RM SSSSS SSSS SS TZH TZM TZ US WW W Y,YYY YYYY YYY YY Y a.d. a.m. ad am b.c. bc cc day
ddd dd dy d ff1 ff2 ff3 ff4 ff5 ff6 fx hh24 hh12 hh iddd id iw iyyy iyy iy i j mi mm month mon ms of p.m. pm q rm sssss ssss
ss tzh tzm tz us ww w y,yyy yyyy yyy yy y
""".split()
_BY_LENGTH = sorted(_WORDS, key=len, reverse=True)
_KEEP_CASE = {
    w for w in _WORDS if w.lower() in
    {"a.d.", "a.m.", "ad", "am", "b.c.", "bc", "day", "dy", "month", "mon", "p.m.", "pm", "rm", "tz"}
}  # fmt: skip


class Token(NamedTuple):
    """`word` keeps its case where that matters, else upper case; `suffix` is TH, th or ''."""

    word: str
    trimmed: bool = False
    suffix: str = ""


@lru_cache(maxsize=256)
def tokens(pattern: str) -> list[Token | str]:
    """Tokens and single literal characters in order."""
    found: list[Token | str] = []
    at, trimmed, size = 0, False, len(pattern)
    while at < size:
        if pattern[at : at + 2].upper() == "FM":
            trimmed, at = True, at + 2
            continue
        if pattern[at : at + 2] in ("TM", "tm"):
            at += 2
            continue
        word = next((w for w in _BY_LENGTH if pattern.startswith(w, at)), None)
        if word is not None:
            at += len(word)
            suffix = pattern[at : at + 2] if pattern[at : at + 2] in ("TH", "th") else ""
            at += len(suffix)
            if pattern[at : at + 2] in ("SP", "sp"):
                at += 2
            if word.upper() != "FX":
                found.append(Token(word if word in _KEEP_CASE else word.upper(), trimmed, suffix))
            trimmed = False
        elif pattern[at] == '"':
            at = _quoted(pattern, at + 1, found)
        else:
            if pattern[at] == "\\" and pattern[at + 1 : at + 2] == '"':
                at += 1
            found.append(pattern[at])
            at += 1
    return found


def _quoted(pattern: str, at: int, found: list) -> int:
    while at < len(pattern) and pattern[at] != '"':
        if pattern[at] == "\\" and at + 1 < len(pattern):
            at += 1
        found.append(pattern[at])
        at += 1
    return at + 1
