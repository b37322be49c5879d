"""The verdict on a change: what must not change, what was wrong before and may stay, and what belongs to what."""

from typing import Any

import pytest

from support.documents import GONE as AWAY
from support.documents import LDAP, changed, full, minimal
from syncramp.check import verdict_of
from syncramp.check.correlation import GONE, before, same, unchanged

SOURCES = "spec.sources"
ANCHOR = "spec.identity.sourceAnchor"
SOURCE = {"name": "labs", "ldap": LDAP, "scope": [{"dn": "DC=labs"}]}


def refused(new: dict[str, Any], old: dict[str, Any]) -> set[tuple[str, str]]:
    """What the API server refuses of a change."""
    return {(found.path, found.reason) for found in verdict_of(new, old) if not found.stands}


def warned(new: dict[str, Any], old: dict[str, Any]) -> set[str]:
    """Where it lets stand what was wrong before."""
    return {found.path for found in verdict_of(new, old) if found.stands}


def both(wrong: dict[str, Any], change: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A document with something wrong, and the same with a change."""
    old = minimal(wrong)
    return changed(old, change), old


WRONG: dict[str, Any] = {
    "spec.target.cloud": "Germany",
    "spec.mode": "sync",
    "spec.groups.maxMembers": 300_000,
    "spec.failsafe.deletes.count": "many",
    ANCHOR: "mail",
    "spec.target.auth.account": {"secretRef": {"name": "dirsync"}},
    "spec.target.endpoint.ca": {},
    "spec.sources[0].name": "Corp",
    "spec.sources[0].scope[0].kinds": ["User", "Computer"],
    "spec.target.auth.clientSecret.clientID": AWAY,
}


@pytest.mark.parametrize(("path", "value"), WRONG.items())
def test_what_was_wrong_before_may_stay_while_something_else_changes(path: str, value: Any) -> None:
    new, old = both({path: value}, {"metadata.labels": {"a": "b"}})
    assert refused(new, old) == set()
    assert warned(new, old)
    assert refused(new, minimal()), "without the wrong one before it is refused"


@pytest.mark.parametrize(
    ("path", "value", "other"),
    [
        ("spec.target.cloud", "Germany", "germany"),
        ("spec.groups.maxMembers", 300_000, 400_000),
        ("spec.mode", "sync", "SYNC"),
        ("spec.sources[0].scope[0].kinds", ["Computer"], ["Computer", "User"]),
    ],
)
def test_one_bad_value_cannot_become_another(path: str, value: Any, other: Any) -> None:
    new, old = both({path: value}, {path: other})
    assert path.partition("[")[0] in {found.partition("[")[0] for found, _ in refused(new, old)}


def test_a_change_of_any_member_below_a_failing_rule_brings_it_back() -> None:
    auth = "spec.target.auth.account"
    account = {"secretRef": {"name": "dirsync"}}
    new, old = both({auth: account}, {f"{auth}.secretRef.name": "other"})
    (told,) = refused(new, old)
    assert told[0] == "spec.target.auth"
    new, old = both({auth: account}, {"spec.mode": "Plan", "spec.target.writes": {"share": 10}})
    assert refused(new, old) == set(), "a sibling may change"


def test_a_missing_member_is_the_fault_of_what_should_hold_it() -> None:
    client = "spec.target.auth.clientSecret"
    new, old = both({f"{client}.clientID": AWAY}, {f"{client}.secretKeyRef.name": "other"})
    assert refused(new, old) == {(f"{client}.clientID", "Required value")}


def test_a_map_list_may_be_reordered_and_its_items_are_known_by_their_keys() -> None:
    bad = {**SOURCE, "name": "bad", "ldif": {"path": "x.ldif"}}
    old = minimal({"spec.sources": [SOURCE, bad]})
    assert warned(minimal({"spec.sources": [bad, SOURCE]}), old) == {"spec.sources[0]"}
    more = minimal({"spec.sources": [SOURCE, {**SOURCE, "name": "new"}, bad]})
    assert (refused(more, old), warned(more, old)) == (set(), {"spec.sources[2]"})
    renamed = minimal({"spec.sources": [SOURCE, {**bad, "name": "worse"}]})
    assert {path for path, _ in refused(renamed, old)} == {"spec.sources[1]"}


def test_items_of_a_list_without_keys_are_known_only_as_a_whole() -> None:
    servers = "spec.sources[0].ldap.servers"
    old = minimal({"spec.sources": [{**SOURCE, "ldap": {**LDAP, "servers": ["http://dc1"]}}]})
    again = changed(old, {"spec.mode": "Plan"})
    assert (refused(again, old), warned(again, old)) == (set(), {f"{servers}[0]"})
    longer = changed(old, {f"{servers}[1]": "ldaps://dc2"})
    assert [found.stands for found in verdict_of(longer, old) if "should match" in found.reason] == [False]


def test_lists_with_duplicates_may_stay_where_there_were_some() -> None:
    twice = ["User", "User"]
    kinds = "spec.sources[0].scope[0].kinds"
    new, old = both({kinds: twice}, {"spec.mode": "Plan"})
    assert refused(new, old) == set() and warned(new, old) == {f"{kinds}[1]"}
    assert refused(minimal({kinds: twice}), minimal())


@pytest.mark.parametrize(
    ("path", "value"), [("spec.moode", "Sync"), ("metadata.labels", {"-": ""}), ("metadata.lables", {})]
)
def test_unknown_fields_and_metadata_are_judged_anew_with_every_write(path: str, value: Any) -> None:
    new, old = both({path: value}, {"spec.mode": "Plan"})
    assert refused(new, old) and not warned(new, old)


def test_what_must_not_change_is_compared_with_its_default_too() -> None:
    assert {path for path, _ in refused(full({"spec.target.cloud": AWAY}), full())} == {"spec.target.cloud"}
    assert refused(minimal({ANCHOR: "mS-DS-ConsistencyGuid"}), minimal()) == set()
    ((path, reason),) = refused(minimal({ANCHOR: "employeeID"}), minimal())
    assert (path, reason[:42]) == (ANCHOR, "is immutable (was mS-DS-ConsistencyGuid): ")
    assert {path for path, _ in refused(minimal({ANCHOR: "employeeid"}), minimal({ANCHOR: "employeeID"}))} == {ANCHOR}


def test_a_change_to_the_german_cloud_tells_both() -> None:
    told = {reason[:16] for _, reason in refused(minimal({"spec.target.cloud": "Germany"}), minimal())}
    assert told == {"the German cloud", "is immutable; ma"}


def test_another_name_or_namespace_is_another_object() -> None:
    reason = "is another object than the one before: its {} cannot be changed"
    assert refused(minimal({"metadata.name": "other"}), minimal()) == {("metadata.name", reason.format("name"))}
    assert refused(minimal({"metadata.namespace": "a"}), minimal()) == {
        ("metadata.namespace", reason.format("namespace"))
    }
    assert refused(minimal({"metadata.namespace": "default"}), minimal()) == set()


@pytest.mark.parametrize("old", [{}, {"spec": None}, {"spec": []}, {"metadata": 5}, {"spec": {"sources": 5}}])
def test_whatever_was_before_a_change_is_judged(old: dict[str, Any]) -> None:
    assert all(not found.stands for found in verdict_of(minimal({"spec.mode": "sync"}), old))
    assert not any("immutable" in found.reason for found in verdict_of(minimal(), old))


NODE = {
    "properties": {
        "m": {
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k", "l"],
            "items": {"properties": {"v": {"items": {}}}},
        }
    }
}


def test_values_belong_together_by_name_and_by_keys() -> None:
    new = {"m": [{"k": 1, "l": 2, "v": [1]}, {"k": 1, "v": [2]}], "a": {"b": 1}}
    old = {"m": [{"k": 1, "v": [3]}, {"k": 1, "l": 2, "v": [1]}], "a": {"b": 2}}
    assert before("m[0].v", new, old, NODE) == [1]
    assert before("m[1].v", new, old, NODE) == [3]
    assert before("m[0].v[0]", new, old, NODE) is GONE
    assert before("a.b", new, old, NODE) == 2
    assert before("a.c", new, old, NODE) is GONE
    assert before("m[7]", new, old, NODE) is GONE
    assert unchanged("m[0].v[0]", new, old, NODE)
    assert not unchanged("m[1].v[0]", new, old, NODE) and not unchanged("a.b", new, old, NODE)


def test_equal_is_what_has_the_same_type_and_a_map_list_in_any_order() -> None:
    one, other = {"k": 1, "l": 1}, {"k": 2, "l": 1}
    assert same({"m": [one, other]}, {"m": [other, one]}, NODE)
    assert not same({"m": [one, other]}, {"m": [one]}, NODE)
    assert not same([one, other], [other, one], {})
    assert not same(True, 1, {}) and not same({"a": 1}, {"a": 1, "b": 1}, {})
