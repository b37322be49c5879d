"""What of a change counts for a guard.

The same functions say it of a plan and of what is sent, so that what a guard counted and what the store remembers of
the last 24 hours are the same things.
"""

from collections.abc import Iterator, Mapping

from pyroaring import BitMap

from syncramp.model.circumstances import Approved, Circumstances
from syncramp.model.guards import Spend, What
from syncramp.model.plan import ObjectChange, Verb
from syncramp.model.values import Value
from syncramp.plan.barriers import SIGN_IN
from syncramp.plan.marks import create_mark, delete_mark, update_mark

_PRIMARY = "SMTP:"
"""How the primary one of ``proxyAddresses`` begins; the others begin with ``smtp:``."""


CREATED = (Spend(What.CREATE),)
"""What counts of a create that nobody approved by hand."""


def spends(change: ObjectChange, values: Mapping[str, Value | None], approved: Approved) -> Iterator[Spend]:
    """What counts of a change of which these values go; of a delete there are none."""
    state, marks = change.state, approved.marks
    if change.verb is Verb.DELETE:
        yield Spend(What.DELETE, approved=bool(marks) and delete_mark(state) in marks)
    elif change.verb is Verb.CREATE:
        yield Spend(What.CREATE, approved=bool(marks) and create_mark(state, change.joins) in marks)
    else:
        for name, value in values.items():
            for what, attribute in _counts(name, value, (state.acked or {}).get(name), doubt=state.doubt):
                looked_at = bool(marks) and update_mark(state, name, value) in marks
                yield Spend(what, attribute, approved=looked_at)


def _counts(name: str, value: Value | None, before: Value | None, *, doubt: bool) -> Iterator[tuple[What, str]]:
    """For what one attribute of an update counts. An object in doubt is sent whole, and not all of it differs."""
    if name == "accountEnabled" and value is False:
        if doubt or before is not False:
            yield What.DISABLE, ""
    elif name in SIGN_IN and _signs_in(name, value) != _signs_in(name, before):
        yield What.SIGN_IN, name
    if value is None and before is not None:
        yield What.CLEAR, name


def _signs_in(name: str, value: Value | None) -> Value | None:
    """Of addresses only the primary one; its case says nothing."""
    if name != "proxyAddresses":
        return value
    texts = [text for text in value if isinstance(text, str)] if isinstance(value, tuple) else []
    return next((text.lower() for text in texts if text.startswith(_PRIMARY)), None)


def link_spends(
    group: int, adds: BitMap, removes: BitMap, groups: BitMap, around: Circumstances
) -> Iterator[tuple[Spend, BitMap]]:
    """What counts of the links of a group, with the members it is counted of.

    :param groups: ids of all objects that are groups.
    """
    approved, room = around.approved, around.ramps.get(group)
    if room is not None and (admitted := adds & room.counted):
        yield Spend(What.ADMISSION, room.ramp, group), admitted
    for what, links, looked_at in (
        (What.REMOVAL, removes, approved.removes.get(group, BitMap())),
        (What.NESTING, adds & groups if adds else adds, approved.adds.get(group, BitMap())),
    ):
        for part, by_hand in ((links - looked_at, False), (links & looked_at, True)):
            if part:
                yield Spend(what, group=group, approved=by_hand), part
