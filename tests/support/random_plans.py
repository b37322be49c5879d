"""Plans of all sorts of changes, with names that mean something to those who show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from pyroaring import BitMap

from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import HeldPart, Hold
from syncramp.model.plan import Change, HeldLinks, MembershipChange, ObjectChange, Plan, Verb
from syncramp.model.state import Cause, Membership, ObjectState, Origin
from syncramp.model.values import Kind
from syncramp.plan.summary import summarise

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</details></td></code>",
    "`@octocat` ``#1``",
    "@octocat",
    "[x](https://evil.example) ![y](https://evil.example)",
    "https://evil.example/?a=b&c=d www.evil.example",
    "| a | b |",
    "line\nbreak\n\n# heading\n* item",
    "a\x00\x1b[31m\u202eb",
    "*bold* _it_ ~~no~~ &amp; &#64; \\",
    "`",
    " ``` ",
)
NAMES = st.sampled_from(HOSTILE) | st.text(max_size=30)
"""What people, and others, may write into a directory."""


@dataclass(frozen=True)
class Random:
    """Changes, and the plan that they come to."""

    changes: Sequence[Change]
    around: Circumstances
    plan: Plan


def _bits(draw: st.DrawFn) -> BitMap:
    return BitMap(draw(st.sets(st.integers(1, 60), max_size=8)))


@st.composite
def _objects(draw: st.DrawFn, number: int) -> ObjectChange:
    verb = draw(st.sampled_from(Verb))
    kind = draw(st.sampled_from(Kind))
    acked = {"accountEnabled": True, "title": draw(NAMES), "userPrincipalName": "a@x"}
    wanted = draw(st.dictionaries(st.sampled_from(("title", "userPrincipalName", "mail")), NAMES, min_size=1))
    if draw(st.booleans()):
        wanted = {**wanted, "accountEnabled": False}
    state = ObjectState(
        number,
        1,
        kind,
        f"anchor{number}",
        draw(NAMES),
        None if verb is Verb.DELETE else wanted,
        None if verb is Verb.CREATE else acked,
        False,
        frozenset(),
        draw(st.sampled_from((Cause.ABSENT, Cause.OUT_OF_SCOPE))) if verb is Verb.DELETE else None,
        "",
        origin=draw(st.sampled_from(Origin)),
    )
    values = {} if verb is Verb.DELETE else wanted
    if not draw(st.booleans()):
        return ObjectChange(state, verb, values)
    held = HeldPart(draw(st.sampled_from(Hold)), draw(NAMES), values)
    return ObjectChange(state, verb, {}, (held,))


@st.composite
def _members(draw: st.DrawFn, number: int) -> MembershipChange:
    adds, removes, waiting, derived, kept = (_bits(draw) for _ in range(5))
    adds, removes, waiting = adds - removes, removes - derived, waiting - adds - removes - derived
    possible = kept - adds | removes | derived
    desired = possible - removes - derived | adds
    bits = desired, possible, possible, derived
    group = Membership(number, 1, f"group{number}", draw(NAMES), "", *bits, in_cloud=True)
    held = (HeldLinks(draw(st.sampled_from(Hold)), draw(NAMES), adds=waiting),) if waiting else ()
    return MembershipChange(group, adds, removes, held)


@st.composite
def plans(draw: st.DrawFn) -> Random:
    """A plan of some changes."""
    objects = [draw(_objects(number)) for number in range(1, 1 + draw(st.integers(0, 8)))]
    groups = [draw(_members(number)) for number in range(100, 100 + draw(st.integers(0, 5)))]
    moved = [one for one in groups if one.adds or one.removes or one.held or one.membership.derived]
    matching = dict.fromkeys(_bits(draw), "CN=theirs")
    around = Circumstances(matching=matching, restoring=_bits(draw))
    changes = [*objects, *moved]
    return Random(changes, around, summarise(changes, lambda ids: (f"anchor{one}" for one in ids), around))
