"""text and its relatives: varchar(n), character(n), name, "char", unknown, cstring.

    varchar(3): "abcd" → 22001; "abc  " → "abc"          character(3): "a" → "a  "; "a    " → "a  "
    name: cut to 63 bytes at a character's border         "char": one byte; a byte above 127 shows as \\303

A typmod of varchar and character is n + 4, as in pg_attribute. Every text that enters the server goes through
`decode_utf8`, the only place that says what is wrong with bytes.

Not here: collations and comparison (`expressions`), other client encodings.
"""

from __future__ import annotations

from aurorapy.errors import DataError
from aurorapy.types.codec import Codec, need_bytes

NAME_BYTES = 63  # NAMEDATALEN - 1
MAX_LENGTH = 10_485_760  # of varchar(n) and character(n)


def decode_utf8(data: bytes) -> str:
    """The text of `data`; 22021 for bytes that are not UTF-8 and for NUL."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid_utf8(data, min(error.start, len(data) - 1)) from None
    if "\0" in text:
        raise _invalid_utf8(data, data.index(0))
    return text


def _invalid_utf8(data: bytes, start: int) -> DataError:
    """Names the bytes the first one announces, as far as there are any."""
    first = data[start]
    length = 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4 if first < 0xF8 else 1
    shown = " ".join(f"0x{byte:02x}" for byte in data[start : start + length])
    return DataError(f'invalid byte sequence for encoding "UTF8": {shown}', sqlstate="22021")


def truncate_name(text: str) -> str:
    """At most 63 bytes of `text`, cut between characters."""
    if len(text) <= NAME_BYTES // 4:
        return text
    data = text.encode("utf-8")
    return text if len(data) <= NAME_BYTES else data[:NAME_BYTES].decode("utf-8", "ignore")


def fit_varchar(text: str, typmod: int, explicit: bool = False) -> str:
    """`text` within varchar(n): blanks beyond are dropped, an explicit cast drops anything, else 22001."""
    limit = typmod - 4
    if typmod < 4 or len(text) <= limit:
        return text
    if not explicit and text[limit:].strip(" "):
        raise DataError(f"value too long for type character varying({limit})", sqlstate="22001")
    return text[:limit]


def fit_bpchar(text: str, typmod: int, explicit: bool = False) -> str:
    """`text` as character(n): padded with blanks; too long is treated as in `fit_varchar`."""
    limit = typmod - 4
    if typmod < 4 or len(text) == limit:
        return text
    if len(text) < limit:
        return text.ljust(limit)
    if not explicit and text[limit:].strip(" "):
        raise DataError(f"value too long for type character({limit})", sqlstate="22001")
    return text[:limit]


def _typmod_in(type_name: str):
    def typmod_in(args: tuple[str, ...]) -> int:
        if len(args) != 1:
            raise DataError("invalid type modifier", sqlstate="22023")
        length = int(args[0])
        if length < 1:
            raise DataError(f"length for type {type_name} must be at least 1", sqlstate="22023")
        if length > MAX_LENGTH:
            raise DataError(f"length for type {type_name} cannot exceed {MAX_LENGTH}", sqlstate="22023")
        return length + 4

    return typmod_in


def typmod_out(typmod: int) -> str:
    return f"({typmod - 4})" if typmod > 4 else ""


def parse(text: str, typmod, ctx) -> str:
    return text


def show(value: str, ctx) -> str:
    return value


def receive(data: bytes, typmod, ctx) -> str:
    return decode_utf8(data)


def send(value: str, ctx) -> bytes:
    return value.encode("utf-8")


def parse_varchar(text: str, typmod: int, ctx) -> str:
    return text if typmod < 0 else fit_varchar(text, typmod)


def receive_varchar(data: bytes, typmod: int, ctx) -> str:
    return fit_varchar(decode_utf8(data), typmod)


def parse_bpchar(text: str, typmod: int, ctx) -> str:
    return text if typmod < 0 else fit_bpchar(text, typmod)


def receive_bpchar(data: bytes, typmod: int, ctx) -> str:
    return fit_bpchar(decode_utf8(data), typmod)


def parse_name(text: str, typmod, ctx) -> str:
    return truncate_name(text)


def receive_name(data: bytes, typmod, ctx) -> str:
    text = decode_utf8(data)
    if len(data) > NAME_BYTES:
        raise DataError("identifier too long", sqlstate="42622", detail="Identifier must be less than 64 characters.")
    return text


# "char": the byte b is kept as chr(b), byte 0 as the empty text


def parse_char(text: str, typmod, ctx) -> str:
    if len(text) == 4 and text[0] == "\\" and all("0" <= c <= "7" for c in text[1:]):
        return char_of(int(text[1:], 8) & 0xFF)
    return char_of(text.encode("utf-8")[0]) if text else ""


def char_of(byte: int) -> str:
    """The value of type "char" for a byte 0..255."""
    return chr(byte) if byte else ""


def char_byte(value: str) -> int:
    """The byte of a value of type "char"."""
    return ord(value) if value else 0


def show_char(value: str, ctx) -> str:
    return value if value < "\x80" else f"\\{ord(value):03o}"


def receive_char(data: bytes, typmod, ctx) -> str:
    return char_of(need_bytes(data, 1)[0])


def send_char(value: str, ctx) -> bytes:
    return bytes((char_byte(value),))


CODECS = {
    "text": Codec(parse, show, receive, send, storage="t", key="t"),
    "varchar": Codec(
        parse_varchar, show, receive_varchar, send, storage="t", key="t", sql_name="character varying",
        typmod_in=_typmod_in("varchar"), typmod_out=typmod_out,
    ),
    "bpchar": Codec(
        parse_bpchar, show, receive_bpchar, send, storage="t", key="p", sql_name="character",
        typmod_in=_typmod_in("char"), typmod_out=typmod_out,
    ),
    "name": Codec(parse_name, show, receive_name, send, storage="t", key="t"),
    "char": Codec(parse_char, show_char, receive_char, send_char, storage="1", key="t", sql_name='"char"'),
    "unknown": Codec(parse, show, receive, send, storage="t"),
    "cstring": Codec(parse, show, receive, send, storage="t"),
    "refcursor": Codec(parse, show, receive, send, storage="t"),
    "pg_node_tree": Codec(parse, show, receive, send, storage="t"),
    "aclitem": Codec(parse, show, receive, send, storage="t"),
}
