"""real and double precision: the shortest digits that read back as the same value.

    show8(0.1) → "0.1"      show8(1e15) → "1e+15"      show4(float32 of 0.1) → "0.1"      inf → "Infinity"

Shortest digits are used when extra_float_digits > 0 (the default); otherwise %g with 15 (real: 6) digits plus that
setting. Input is what C's strtod takes: decimal, hexadecimal, nan, inf, infinity in any case. A number too large, or one
that is not zero but too small, is 22003. A real is kept as a Python float rounded to 24 bits.

Not here: arithmetic and its overflow errors (`expressions.functions`).
"""

from __future__ import annotations

import re
from decimal import Decimal
from math import copysign, inf, isinf, nan, nextafter
from struct import Struct

from aurorapy.errors import DataError
from aurorapy.types.boolean import SPACE
from aurorapy.types.codec import Codec, invalid_syntax, need_bytes

_F4 = Struct(">f")
_F8 = Struct(">d")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?").match
_HEX = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?").match
_SPECIAL = {"nan": nan, "infinity": inf, "inf": inf}
_ZERO = re.compile(r"[+-]?(?:0[xX])?[0.]*(?:[eEpP].*)?").fullmatch


def round4(value: float) -> float:
    """`value` rounded to a real; ±inf when it does not fit."""
    try:
        return _F4.unpack(_F4.pack(value))[0]
    except OverflowError:
        return inf if value > 0 else -inf


def _number(text: str, type_name: str) -> tuple[float, str]:
    """The double nearest to the number in `text`, and its digits ('' for nan and infinities).

    Range comes before junk behind the number, as after strtod: `1e999x` is out of range.
    """
    body = text.lstrip(SPACE)
    match = _HEX(body) or _DECIMAL(body)
    if match is None:
        return _special_input(text, type_name), ""
    digits = match[0]
    try:
        value = float.fromhex(digits) if "x" in digits or "X" in digits else float(digits)
    except OverflowError:
        value = inf
    if isinf(value) or value == 0 and not _ZERO(digits):
        raise _out_of_range(text, digits, type_name)
    if type_name == "real":
        value = _decimal_to_real(value, digits)
        if isinf(value) or value == 0 and not _ZERO(digits):
            raise _out_of_range(text, digits, type_name)
    if body[match.end() :].strip(SPACE):
        raise invalid_syntax(type_name, text)
    return value, digits


def _special_input(text: str, type_name: str) -> float:
    sign, word = re.fullmatch(r"([+-]?)(.*)", text.strip(SPACE).lower(), re.DOTALL).groups()
    value = _SPECIAL.get(word)
    if value is None and re.fullmatch(r"nan\([0-9a-z_]*\)", word):
        value = nan
    if value is None:
        raise invalid_syntax(type_name, text)
    return -value if sign == "-" else value


def _out_of_range(text: str, digits: str, type_name: str) -> DataError:
    shown = text if type_name == "real" else digits
    return DataError(f'"{shown}" is out of range for type {type_name}', sqlstate="22003")


def parse8(text: str, typmod, ctx) -> float:
    return _number(text, "double precision")[0]


def parse4(text: str, typmod, ctx) -> float:
    return _number(text, "real")[0]


def _decimal_to_real(value: float, body: str) -> float:
    """Rounds once: where the double lies between two reals, the decimal text itself decides."""
    rounded = round4(value)
    bits = int.from_bytes(_F8.pack(value), "big") & 0x1FFFFFFF
    if bits != 0x10000000 or "x" in body.lower():
        return rounded
    exact, double = Decimal(body), Decimal(value)
    if exact == double:
        return rounded
    step = 1 if (exact > double) == (value > 0) else -1
    nudged = int.from_bytes(_F8.pack(value), "big") + step
    return round4(_F8.unpack(nudged.to_bytes(8, "big"))[0])


def _digits4(value: float) -> str:
    """Shortest scientific form `d.ddde±x` that reads back as this real."""
    for places in range(9):
        text = f"{value:.{places}e}"
        if round4(float(text)) == value and not _on_border4(text):
            return text
        mantissa, exponent = text.split("e")  # a neighbour can be inside where the nearest is not, at powers of two
        step = Decimal(1).scaleb(-places)
        for near in (Decimal(mantissa) + step, Decimal(mantissa) - step):
            text = f"{near}e{exponent}"
            if places >= 5 and round4(float(text)) == value and not _on_border4(text):
                return text
    return f"{value:.8e}"


def _on_border4(text: str) -> bool:
    """Whether the decimal lies exactly between two reals: it reads back, but PostgreSQL does not print it."""
    double = float(text)
    return int.from_bytes(_F8.pack(double), "big") & 0x1FFFFFFF == 0x10000000 and Decimal(text) == Decimal(double)


def _on_border8(text: str, value: float) -> bool:
    """The same for doubles, where only integers above 2**53 have so few digits."""
    if not 2**53 < abs(value):
        return False
    distance = abs(int(Decimal(text)) - int(value))
    other = nextafter(value, copysign(inf, int(Decimal(text)) - int(value)))
    return distance != 0 and other not in (inf, -inf) and 2 * distance == abs(int(other) - int(value))


def _layout(scientific: str, plain_below: int) -> str:
    """`-1.2345e+02` as PostgreSQL lays it out: plain when -4 <= exponent < plain_below."""
    mantissa, _, power = scientific.partition("e")
    exponent = int(power)
    sign = "-" if mantissa[0] == "-" else ""
    digits = mantissa.lstrip("-").replace(".", "").rstrip("0") or "0"
    if not -4 <= exponent < plain_below:
        point = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{point}e{exponent:+03d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    fraction = digits[exponent + 1 :]
    return f"{sign}{whole}.{fraction}" if fraction else sign + whole


def _special(value: float) -> str | None:
    if value != value:
        return "NaN"
    if value in (inf, -inf):
        return "Infinity" if value > 0 else "-Infinity"
    return None


def show8(value: float, ctx) -> str:
    if ctx.extra_float_digits > 0:
        text = repr(value)
        if "e" not in text and "n" not in text:
            if text[-2:] == ".0":
                text = text[:-2]
            if len(text) < 16:
                return text
            if 1e15 > value > -1e15:
                return text
        return _special(value) or _layout(_scientific8(text, value), 15)
    return _special(value) or f"{value:.{max(15 + ctx.extra_float_digits, 1)}g}"


def _scientific8(text: str, value: float) -> str:
    """repr's digits, whatever its layout, as d.ddde±x; longer ones where those lie on a border."""
    if _on_border8(text, value):
        longer = (f"{value:.{places}e}" for places in range(17))
        return next(form for form in longer if float(form) == value and not _on_border8(form, value))
    sign, digits, exponent = Decimal(text).as_tuple()
    body = "".join(map(str, digits)).lstrip("0") or "0"
    return f"{'-' * sign}{body[0]}.{body[1:]}e{exponent + len(body) - 1}"


def show4(value: float, ctx) -> str:
    special = _special(value)
    if special:
        return special
    if ctx.extra_float_digits <= 0:
        return f"{value:.{max(6 + ctx.extra_float_digits, 1)}g}"
    text = f"{value:.6g}"
    if value == 0 or ("e" not in text and round4(float(text)) == value):
        return text
    return _layout(_digits4(value), 6)


def receive4(data: bytes, typmod, ctx) -> float:
    return _F4.unpack(need_bytes(data, 4))[0]


def receive8(data: bytes, typmod, ctx) -> float:
    return _F8.unpack(need_bytes(data, 8))[0]


def send4(value: float, ctx) -> bytes:
    return _F4.pack(value)


def send8(value: float, ctx) -> bytes:
    return _F8.pack(value)


CODECS = {
    "float4": Codec(parse4, show4, receive4, send4, storage="f", key="f", sql_name="real"),
    "float8": Codec(parse8, show8, receive8, send8, storage="d", key="d", sql_name="double precision"),
}
