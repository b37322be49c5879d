"""``dataclass`` as Python has it, made at a fifth of the cost: a process of ours makes 300 before it does anything.

Python writes up to six methods of each class as text and compiles them one by one, 0.8 ms a class. Of these only
``__init__`` has to be text, so that it takes its arguments by their names, and it is written when the first one of
its class is made, which of half of them never happens. What is compared, hashed and shown are the fields; functions
that know them do. A frozen class with slots sets them by their descriptors, which takes half the time of
``object.__setattr__``. Fields, slots and what ``fields``, ``replace`` and ``asdict`` look at are Python's own.

Type checkers see Python's. Only what is used here is there: no ``order`` and no ``InitVar``.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, fields
from operator import attrgetter
from reprlib import recursive_repr
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(made=None, /, **options):
        """A class with fields; see the module."""
        return _made(made, **options) if made is not None else lambda cls: _made(cls, **options)


_MADE = object()
"""In place of an argument that was not given, where a factory makes the value."""


def _made(
    cls: type[Any],
    *,
    frozen: bool = False,
    eq: bool = True,
    repr: bool = True,  # noqa: A002 - as Python calls it
    slots: bool = False,
) -> type[Any]:
    own = set(vars(cls))
    made: type[Any] = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
    there = fields(made)
    methods: dict[str, Callable[..., Any] | None] = {"__init__": _later(made, there, frozen=frozen)}
    if repr:
        methods["__repr__"] = _repr([each.name for each in there if each.repr])
    if eq:
        key = _key([each.name for each in there if each.compare])
        methods |= {"__eq__": _eq(key), "__hash__": _hash(key) if frozen else None}
        if "__eq__" in own and "__hash__" in own and vars(cls)["__hash__"] is None:
            own.discard("__hash__")  # Python's mark of a class that has an __eq__ of its own
    if frozen:
        methods |= _guards(made, frozenset(each.name for each in there))
        if slots:
            methods |= {"__getstate__": _state, "__setstate__": _restore}
    for name, method in methods.items():
        if name not in own:
            setattr(made, name, method)
    return made


def _later(cls: type[Any], there: Sequence[Field[Any]], *, frozen: bool) -> Callable[..., None]:
    """An ``__init__`` that writes the real one and puts it in its place, unless somebody put another one there."""
    written: Callable[..., None] | None = None

    def __init__(self: Any, *arguments: Any, **named: Any) -> None:  # noqa: N807
        nonlocal written
        written = written or _init(cls, there, frozen=frozen)
        if cls.__init__ is __init__:
            cls.__init__ = written
        written(self, *arguments, **named)

    return __init__


def _init(cls: type[Any], there: Sequence[Field[Any]], *, frozen: bool) -> Callable[..., None]:
    """The text that Python would write, compiled."""
    known: dict[str, Any] = {"_MADE": _MADE, "_set": object.__setattr__}
    arguments, by_name, lines = ["self"], ["*"], list[str]()
    for each in there:
        argument, value = _given(each, known)
        if argument:
            (by_name if each.kw_only else arguments).append(argument)
        if value:
            lines.append(_assignment(cls, each.name, value, known) if frozen else f"self.{each.name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    body = "\n ".join(lines or ["pass"])
    arguments += by_name if by_name[1:] else []
    made: dict[str, Any] = {}
    exec(f"def __init__({', '.join(arguments)}):\n {body}", known, made)  # noqa: S102 - names of fields
    init: Callable[..., None] = made["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _given(each: Field[Any], known: dict[str, Any]) -> tuple[str, str]:
    """The argument for a field, and what its value is; empty: there is none."""
    name = each.name
    if each.default is not MISSING:
        known[f"_default_{name}"] = each.default
        return (f"{name}=_default_{name}", name) if each.init else ("", f"_default_{name}")
    if each.default_factory is not MISSING:
        known[f"_factory_{name}"] = each.default_factory
        made = f"_factory_{name}()"
        return (f"{name}=_MADE", f"{made} if {name} is _MADE else {name}") if each.init else ("", made)
    return (name, name) if each.init else ("", "")


def _assignment(cls: type[Any], name: str, value: str, known: dict[str, Any]) -> str:
    if isinstance(place := getattr(cls, name, None), MemberDescriptorType):
        known[f"_set_{name}"] = place.__set__
        return f"_set_{name}(self, {value})"
    return f"_set(self, {name!r}, {value})"


def _key(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """What is compared."""
    if len(names) > 1:
        return attrgetter(*names)
    if not names:
        return lambda one: ()
    only = attrgetter(*names)
    return lambda one: (only(one),)


def _eq(key: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any, Any], bool]:
    def __eq__(self: Any, other: Any) -> bool:  # noqa: N807
        if other.__class__ is self.__class__:
            return key(self) == key(other)
        return NotImplemented

    return __eq__


def _hash(key: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], int]:
    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(key(self))

    return __hash__


def _repr(names: Sequence[str]) -> Callable[[Any], str]:
    @recursive_repr()
    def __repr__(self: Any) -> str:  # noqa: N807
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({shown})"

    return __repr__


def _guards(cls: type[Any], names: frozenset[str]) -> dict[str, Callable[..., Any] | None]:
    """Nobody changes a field of a frozen one."""

    def __setattr__(self: Any, name: str, value: Any) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return {"__setattr__": __setattr__, "__delattr__": __delattr__}


def _state(self: Any) -> list[Any]:
    """What a copy is made of."""
    return [getattr(self, each.name) for each in fields(self)]


def _restore(self: Any, state: Sequence[Any]) -> None:
    for each, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
