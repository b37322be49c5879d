"""Whatever is done to a simulated tenant, by clients, in its portal, and by time: what must hold afterwards."""

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.simulator import HandClock, Mirror, drop, group, one, put, quick_tenant
from syncramp.simulator.lifecycle import HOUR
from syncramp.simulator.settings import DAY, DeletedGroups, Duplicates, MemberForm, Restored
from syncramp.simulator.tables import State
from syncramp.simulator.tenant import Tenant
from syncramp.simulator.uniqueness import names_of

ANCHORS = st.sampled_from("abc")
KINDS = st.sampled_from(["User", "Contact"])
ONE_AT_MOST = st.sets(ANCHORS, max_size=1)
NAMES = st.sampled_from(["x@t.test", "y@t.test"])
BOTH = ("SMTP:x@t.test", "smtp:y@t.test")
CALLS = st.one_of(
    st.builds(lambda anchor, mail: put(anchor, mail=mail), ANCHORS, NAMES),
    st.builds(lambda anchor, upn: put(anchor, userPrincipalName=upn), ANCHORS, NAMES),
    st.builds(
        lambda anchor, kind: put(anchor, kind, proxyAddresses=BOTH), ANCHORS, st.sampled_from(["User", "Contact"])
    ),
    st.builds(drop, ANCHORS, st.sampled_from(["User", "Contact"])),
    st.builds(lambda add, remove: group("g", add, remove), ONE_AT_MOST, ONE_AT_MOST),
    st.just(drop("g", "Group")),
)
LISTS = st.builds(lambda members: put("g", "Group", member=tuple(members)), st.sets(ANCHORS))
TIME = st.sampled_from([600.0, HOUR, 31 * DAY])
ADMINISTRATION = st.tuples(
    st.sampled_from(["delete", "restore", "purge", "retry", "move_authority", "add_user"]), st.sampled_from("ag")
)
STEPS = st.lists(st.one_of(CALLS, CALLS, LISTS, TIME, ADMINISTRATION, st.just("read")), max_size=25)
TENANTS = st.fixed_dictionaries(
    {
        "duplicates": st.sampled_from(Duplicates),
        "restored_memberships": st.sampled_from(Restored),
        "deleted_groups": st.sampled_from(DeletedGroups),
        "member_form": st.sampled_from([MemberForm.CHANGES, MemberForm.LIST]),
        "verified_domains": st.sampled_from([(), ("other.test",)]),
    }
)


def _take(tenant: Tenant, clock: HandClock, follower: Mirror, step: Any) -> None:
    if step == "read":
        follower.read(tenant)
    elif isinstance(step, float):
        clock.now += step
    elif isinstance(step, tuple):
        _administer(tenant, *step)
    else:
        listed = isinstance(member := step.values.get("member"), tuple) and (not member or isinstance(member[0], str))
        one(tenant, step, version=1 if listed else 2)


def _administer(tenant: Tenant, action: str, anchor: str) -> None:
    with suppress(KeyError, ValueError):
        name = "x@t.test" if action == "add_user" else tenant.portal.cloud_anchor(anchor)
        getattr(tenant.portal, action)(name)


@given(TENANTS, STEPS)
@settings(deadline=None, max_examples=200)
def test_deltas_add_up_and_names_belong_to_one_object(traits: dict[str, Any], steps: list[Any]) -> None:
    clock = HandClock()
    tenant, follower, whole = quick_tenant(clock, page_size=2, most_links=2, **traits), Mirror(), Mirror()
    for step in steps:
        _take(tenant, clock, follower, step)
    follower.read(tenant)
    whole.read(tenant)
    assert follower.objects == whole.objects
    assert follower.members == whole.members
    shown = whole.objects.values()
    assert tenant.count() == sum("BlockOnPremisesSync" in values or not values["CloudMastered"] for values in shown)
    _check_rows(tenant)


def _check_rows(tenant: Tenant) -> None:
    """Names are those of live objects and of one each; what is gone has no links."""
    storage = tenant._storage
    held = storage.held_where("1 = 1")
    wanted = [(name, one.id) for one in held if one.state is State.LIVE for name in names_of(one.values)]
    assert sorted(wanted) == sorted(map(tuple, storage.rows("SELECT value, object_id FROM names")))
    gone = {one.id for one in held if one.state is State.GONE}
    alive = {end for row in storage.rows("SELECT group_id, member_id FROM links WHERE state <> 0") for end in row}
    assert not gone & alive
