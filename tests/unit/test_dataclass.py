"""Our dataclasses are Python's: whatever is done with one, both come to the same."""

import copy
import dataclasses
import inspect
import pickle
import threading
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, field, fields, replace
from typing import Any

import pytest

from syncramp.dataclass import dataclass as ours

Decorator = Callable[..., Any]
BOTH = (dataclasses.dataclass, ours)
OPTIONS = [
    {"frozen": frozen, "slots": slots, "eq": eq, "repr": shown}
    for frozen in (False, True)
    for slots in (False, True)
    for eq in (False, True)
    for shown in (False, True)
]


def person(decorator: Decorator, **options: bool) -> Any:
    class Person:
        """Whatever a field can be."""

        name: str
        age: int = 1
        tags: list[str] = field(default_factory=list)
        secret: str = field(default="s", repr=False)
        note: str = field(default="", compare=False)
        made: int = field(init=False)
        kept: list[int] = field(default_factory=list, init=False)
        fixed: int = field(default=7, init=False)
        town: str = field(default="here", kw_only=True)
        last: str = ""

        def __post_init__(self) -> None:
            object.__setattr__(self, "made", len(self.name))

    return decorator(**options)(Person)


def done(act: Callable[[], Any]) -> Any:
    """What it gives, or what it raises."""
    try:
        return act()
    except (TypeError, AttributeError, ValueError) as error:
        return type(error)


CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    (("ann",), {}),
    (("ann", 2, ["x"], "t"), {"note": "n", "town": "there"}),
    (("ann", 2, ["x"], "t", "n", "last"), {}),
    ((), {"name": "ann", "tags": []}),
    ((), {}),
    (("ann",), {"name": "bob"}),
    (("ann",), {"made": 1}),
    (("ann",), {"unknown": 1}),
    (tuple("abcdefgh"), {}),
]


@pytest.mark.parametrize("options", OPTIONS)
def test_one_is_made_shown_compared_and_changed_as_pythons_own(options: dict[str, bool]) -> None:
    theirs, own = (person(each, **options) for each in BOTH)
    for arguments, named in CALLS:
        found = [_told(each, arguments, named) for each in (theirs, own)]
        assert found[0] == found[1], (arguments, named)
    assert [each.name for each in fields(own)] == [each.name for each in fields(theirs)]
    assert own.__match_args__ == theirs.__match_args__
    assert hasattr(own("ann"), "__dict__") == hasattr(theirs("ann"), "__dict__")


def _told(cls: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    made = done(lambda: cls(*arguments, **named))
    if isinstance(made, type):
        return made
    same, other = cls(*arguments, **named), cls("other")
    return [
        repr(made) if options_of(cls)["repr"] else "",
        made == same,
        made == other,
        made != same,
        made == "ann",
        done(lambda: hash(replace(made, tags=())) == hash(replace(same, tags=(), note="another"))),
        done(lambda: asdict(made)),
        done(lambda: asdict(replace(made, age=9))),
        done(lambda: replace(made, fixed=1)),
        done(lambda: setattr(made, "age", 5)),
        isinstance(done(lambda: setattr(made, "unknown", 5)), type),  # another error where Python's own is frozen
        done(lambda: delattr(made, "age")),
        done(lambda: made.age),
        made.tags is not same.tags and made.kept is not same.kept,
    ]


def options_of(cls: Any) -> dict[str, bool]:
    return {"repr": "__repr__" in vars(cls)}


@pytest.mark.parametrize("options", OPTIONS)
def test_copies_hold_the_same(options: dict[str, bool]) -> None:
    own = person(ours, **options)
    one = own("ann", 3, ["x"])
    for made in (copy.copy(one), copy.deepcopy(one)):
        assert asdict(made) == asdict(one) and type(made) is own


@ours(frozen=True, slots=True)
class Pickled:
    """Where a pickle finds it."""

    name: str
    tags: tuple[str, ...] = ()


def test_a_pickle_holds_the_same() -> None:
    assert pickle.loads(pickle.dumps(Pickled("ann", ("x",)))) == Pickled("ann", ("x",))


@pytest.mark.parametrize("slots", [False, True])
@pytest.mark.parametrize("decorator", BOTH)
def test_what_a_class_says_itself_stays(decorator: Decorator, slots: bool) -> None:
    @decorator(frozen=True, slots=slots)
    class Own:
        name: str

        def __eq__(self, other: object) -> bool:
            return True

        def __repr__(self) -> str:
            return "mine"

    @decorator(slots=slots)
    class Hashed:
        name: str

        def __hash__(self) -> int:
            return 5

    assert Own("a") == Own("b") and repr(Own("a")) == "mine"
    assert hash(Own("a")) == hash(("a",)), "an __eq__ of its own leaves the hash to us"
    assert hash(Hashed("a")) == 5


@pytest.mark.parametrize("slots", [False, True])
@pytest.mark.parametrize("decorator", BOTH)
def test_fields_are_inherited_in_their_order(decorator: Decorator, slots: bool) -> None:
    @decorator(frozen=True, slots=slots)
    class Base:
        name: str
        age: int = 1

    @decorator(frozen=True, slots=slots)
    class Child(Base):
        city: str = ""

    class Plain(Child):
        pass

    assert repr(Child("a", 2, "b")).endswith("Child(name='a', age=2, city='b')")
    assert Child("a") != Base("a") and Child("a") == Child("a", 1, "")
    assert Plain("a").age == 1 and {Child("a"), Child("a")} == {Child("a")}
    with pytest.raises(FrozenInstanceError):
        Child("a").name = "b"  # type: ignore[misc]


def test_one_that_holds_itself_is_shown() -> None:
    @ours
    class Node:
        inner: object = None

    node = Node()
    node.inner = node
    assert "..." in repr(node)


def test_whoever_listens_to_each_one_that_is_made_goes_on_listening() -> None:
    own, heard = person(ours), []
    made = own.__init__

    def make(self: Any, *arguments: Any, **named: Any) -> None:
        made(self, *arguments, **named)
        heard.append(self.name)

    own.__init__ = make
    assert [own(name).name for name in ("ann", "bob")] == heard == ["ann", "bob"]


def test_threads_may_make_the_first_one_together() -> None:
    for _ in range(50):
        own, made = person(ours, frozen=True, slots=True), []
        threads = [threading.Thread(target=lambda each=own, into=made: into.append(each("ann"))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert made == [own("ann")] * 4


def test_its_arguments_are_known_once_one_was_made() -> None:
    own = person(ours)
    own("ann")
    assert list(inspect.signature(own).parameters) == ["name", "age", "tags", "secret", "note", "last", "town"]
