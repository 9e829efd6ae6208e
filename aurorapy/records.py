"""Dataclasses that are written when they are first used.

    @dataclass(slots=True)            the standard decorator's fields, defaults, slots, replace() and fields()
    class Point:
        x: int
        y: int = 0

    Point(1)                          here __init__ is made, and takes its own place

The standard decorator compiles three to seven methods for each class. With some 250 classes, of which a start and its
first statement use a few dozen, that was a fifth of the time from kill -9 to the first answer.

Not here: `order`, `unsafe_hash`: nothing needs them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import FrozenInstanceError, field, fields, replace
from typing import Any, Callable, dataclass_transform

__all__ = ["dataclass", "field", "fields", "replace"]


@dataclass_transform(field_specifiers=(field,))
def dataclass(*, slots: bool = False, eq: bool = True, frozen: bool = False) -> Callable[[type], type]:
    """dataclasses.dataclass, for the options it takes."""

    def make(cls: type) -> type:
        wanted = [name for name in _methods(eq, frozen) if name not in cls.__dict__]
        if cls.__doc__ is None:
            cls.__doc__ = cls.__name__  # otherwise its signature would be made, and with it everything
        made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
        for name in wanted:
            setattr(made, name, _later(made, name, frozen))
        if eq and not frozen and "__hash__" not in cls.__dict__:
            made.__hash__ = None  # type: ignore[assignment]
        if frozen:
            made.__setattr__ = _refuse_assignment  # type: ignore[assignment]
            made.__delattr__ = _refuse_deletion  # type: ignore[assignment]
            made.__setstate__ = _restore  # type: ignore[attr-defined]
        return made

    return make


def _methods(eq: bool, frozen: bool) -> list[str]:
    return ["__init__", "__repr__"] + ["__eq__"] * eq + ["__hash__"] * (eq and frozen)


def _later(cls: type, name: str, frozen: bool) -> Callable[..., Any]:
    """The method `name`, which makes the real one of itself when it is called."""

    def method(*args: Any, **kwargs: Any) -> Any:
        only = {word: f"__{word}__" == name or word == "eq" and name == "__hash__" for word in ("init", "repr", "eq")}
        specification = [(each.name, each.type, each) for each in fields(cls)]  # type: ignore[arg-type]
        twin = dataclasses.make_dataclass(cls.__name__, specification, namespace=_after(cls), frozen=frozen, **only)
        real = twin.__dict__[name]
        real.__qualname__ = f"{cls.__qualname__}.{name}"
        setattr(cls, name, real)
        return real(*args, **kwargs)

    return method


def _after(cls: type) -> dict[str, Any]:
    """What __init__ calls at its end."""
    return {"__post_init__": cls.__post_init__} if hasattr(cls, "__post_init__") else {}


def _refuse_assignment(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _restore(self: object, state: tuple[dict[str, Any] | None, dict[str, Any] | None]) -> None:
    """What pickle kept: the dictionary's and the slots' values."""
    for values in state if isinstance(state, tuple) else (state,):
        for name, value in (values or {}).items():
            object.__setattr__(self, name, value)
