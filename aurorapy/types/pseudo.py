"""Types that stand for no value of their own: void, any, internal, trigger, and the polymorphic ones.

    any.input("x") → 0A000 cannot accept a value of type any          void.input("x") → "" (void)
    anyarray.output(Array) → as the array's own type would

Not here: record (`types.records`), cstring and unknown (`types.text`).
"""

from __future__ import annotations

from aurorapy.errors import FeatureNotSupported
from aurorapy.types.codec import Codec, find_type


def refused(name: str, storage: str = "v") -> Codec:
    """A type whose values can be neither read nor shown."""

    def accept(data, typmod, ctx):
        raise FeatureNotSupported(f"cannot accept a value of type {name}")

    def display(value, ctx):
        raise FeatureNotSupported(f"cannot display a value of type {name}")

    return Codec(accept, display, accept, display, storage=storage)


def _any_array(name: str) -> Codec:
    """Shown by the element type the value carries; never read."""

    def array_of(value, ctx):
        return find_type(find_type(value.elem_oid, ctx).array_oid, ctx)

    def show(value, ctx) -> str:
        return array_of(value, ctx).output(value, ctx)

    def send(value, ctx) -> bytes:
        return array_of(value, ctx).send(value, ctx)

    return refused(name)._replace(output=show, send=send, storage="a")


_VOID = Codec(
    lambda text, typmod, ctx: "",
    lambda value, ctx: "",
    lambda data, typmod, ctx: "",
    lambda value, ctx: b"",
    storage="v",
)

_REFUSED = (
    "any", "trigger", "event_trigger", "language_handler", "internal", "anyelement", "anynonarray", "anyenum",
    "anycompatible", "anycompatiblenonarray",
)

CODECS = {
    "void": _VOID,
    **{name: refused(name) for name in _REFUSED},
    "anyarray": _any_array("anyarray"),
    "anycompatiblearray": _any_array("anycompatiblearray"),
}
