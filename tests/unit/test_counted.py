"""What of a change counts for a guard, and whether a person looked at it."""

from dataclasses import replace

import pytest
from pyroaring import BitMap

from syncramp.model.approvals import Marks
from syncramp.model.circumstances import Approved, Circumstances
from syncramp.model.guards import Spend, What
from syncramp.model.plan import ObjectChange, Verb
from syncramp.model.state import ObjectState
from syncramp.model.values import Kind, Value
from syncramp.plan.counted import link_spends, spends
from syncramp.plan.marks import create_mark, delete_mark, update_mark

NOBODY = Approved()


def known(**acked: Value) -> ObjectState:
    return ObjectState(1, 1, Kind.USER, "eA==", "CN=x", {}, acked, False, frozenset(), None, "", {})


def update(state: ObjectState, approved: Approved = NOBODY, **values: Value | None) -> list[Spend]:
    return list(spends(ObjectChange(state, Verb.UPDATE, values), values, approved))


@pytest.mark.parametrize(
    ("state", "values", "found"),
    [
        (known(accountEnabled=True), {"accountEnabled": False}, [Spend(What.DISABLE)]),
        (known(accountEnabled=False), {"accountEnabled": True}, []),
        (known(accountEnabled=False), {"accountEnabled": False}, []),
        (replace(known(accountEnabled=False), doubt=True), {"accountEnabled": False}, [Spend(What.DISABLE)]),
        (known(userPrincipalName="a"), {"userPrincipalName": "b"}, [Spend(What.SIGN_IN, "userPrincipalName")]),
        (replace(known(userPrincipalName="a"), doubt=True), {"userPrincipalName": "a"}, []),
        (known(title="a"), {"title": "b"}, []),
        (known(title="a"), {"title": None}, [Spend(What.CLEAR, "title")]),
        (known(), {"title": None}, []),
        (
            known(usageLocation="FR"),
            {"usageLocation": None},
            [Spend(What.SIGN_IN, "usageLocation"), Spend(What.CLEAR, "usageLocation")],
        ),
        (known(proxyAddresses=("SMTP:a", "smtp:b")), {"proxyAddresses": ("SMTP:A", "smtp:c")}, []),
        (
            known(proxyAddresses=("SMTP:a", "smtp:b")),
            {"proxyAddresses": ("SMTP:b", "smtp:a")},
            [Spend(What.SIGN_IN, "proxyAddresses")],
        ),
    ],
)
def test_what_of_an_update_counts(state: ObjectState, values: dict[str, Value | None], found: list[Spend]) -> None:
    assert update(state, **values) == found


def test_only_the_approved_part_of_a_change_was_looked_at() -> None:
    state = known(title="a", mobile="b")
    approved = Approved(Marks([update_mark(state, "title", None)]))
    assert update(state, approved, title=None, mobile=None) == [
        Spend(What.CLEAR, "title", approved=True),
        Spend(What.CLEAR, "mobile"),
    ]


@pytest.mark.parametrize(
    ("verb", "mark", "what"),
    [(Verb.DELETE, delete_mark, What.DELETE), (Verb.CREATE, create_mark, What.CREATE)],
)
def test_a_delete_and_a_create_count_once(verb, mark, what) -> None:
    change = ObjectChange(known(), verb, {})
    assert list(spends(change, {}, NOBODY)) == [Spend(what)]
    assert list(spends(change, {}, Approved(Marks([mark(known())])))) == [Spend(what, approved=True)]


def test_links_count_as_removals_and_as_nested_groups_and_the_approved_ones_apart() -> None:
    approved = Approved(adds={9: BitMap([21])}, removes={9: BitMap([1])})
    found = list(
        link_spends(9, BitMap([5, 20, 21]), BitMap([1, 2, 3]), BitMap([20, 21]), Circumstances(approved=approved))
    )
    assert found == [
        (Spend(What.REMOVAL, group=9), BitMap([2, 3])),
        (Spend(What.REMOVAL, group=9, approved=True), BitMap([1])),
        (Spend(What.NESTING, group=9), BitMap([20])),
        (Spend(What.NESTING, group=9, approved=True), BitMap([21])),
    ]
