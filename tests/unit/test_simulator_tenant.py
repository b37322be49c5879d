"""The simulated tenant does what is known of the service, object by object."""

from pathlib import Path
from typing import Any

import pytest

from support.simulator import HandClock, Mirror, drop, group, one, put, quick_tenant
from syncramp.endpoint.contract import BUSY
from syncramp.model.wire import AnchorType, LinkOperation, Operation, ReferenceChange, SyncObject
from syncramp.simulator.refusals import Fault
from syncramp.simulator.settings import Duplicates, TenantSettings, Unresolved
from syncramp.simulator.tenant import Tenant
from syncramp.simulator.throttle import WriteLimit


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def tenant(clock: HandClock) -> Tenant:
    return quick_tenant(clock)


def test_a_set_creates_then_changes_only_what_it_names(tenant: Tenant) -> None:
    first = one(tenant, put("a", displayName="Ada", city="Paris", countryCode=276, accountEnabled=True))
    assert (first.result_code, first.sync_operation, first.source_anchor) == ("Success", "Add", "a")
    assert first.cloud_anchor is not None
    assert first.cloud_anchor.startswith("User_")
    second = one(tenant, put("a", DISPLAYNAME="Ada L."))
    assert (second.sync_operation, second.cloud_anchor) == ("Set", first.cloud_anchor)
    held = {"DisplayName": "Ada L.", "City": "Paris", "CountryCode": 276, "AccountEnabled": True}
    assert tenant.attributes("a") == held


def test_none_clears_an_attribute_and_empty_ones_are_not_kept(tenant: Tenant) -> None:
    one(tenant, put("a", city="Paris", title="", otherMailbox=(), thumbnail=b"\0"))
    one(tenant, put("a", City=None))
    assert tenant.attributes("a") == {"Thumbnail": b"\0"}


def test_anchors_are_case_sensitive(tenant: Tenant) -> None:
    tenant.provision([put("abc=="), put("ABC==")])
    assert tenant.anchors() == {"abc==", "ABC=="}


def test_results_stand_in_the_order_of_the_request(tenant: Tenant) -> None:
    results = tenant.provision([put("b"), drop("x"), put("a"), put("b", city="Lyon")])
    assert [(r.source_anchor, r.result_code, r.sync_operation) for r in results] == [
        ("b", "Success", "Add"),
        ("x", "Failure", "Delete"),
        ("a", "Success", "Add"),
        ("b", "Success", "Set"),
    ]


def test_deleting_what_is_not_there_is_error_114(tenant: Tenant) -> None:
    one(tenant, put("a"))
    assert one(tenant, drop("a")).result_code == "Success"
    for anchor in ("a", "never"):
        result = one(tenant, drop(anchor))
        assert (result.result_code, result.result_error_code) == ("Failure", "114")
        assert "operation, Delete, is not valid" in str(result.result_error_description)


def test_a_deleted_user_comes_back_with_memberships_and_attributes(tenant: Tenant) -> None:
    before = tenant.provision([put("a", city="Paris"), group("g", ["a"])])[0]
    one(tenant, drop("a"))
    assert tenant.members("g") == set()
    assert tenant.attributes("a") is None
    after = one(tenant, put("a", title="Analyst"))
    assert after.cloud_anchor == before.cloud_anchor
    assert tenant.attributes("a") == {"City": "Paris", "Title": "Analyst"}
    assert tenant.members("g") == {"a"}


def test_a_deleted_group_is_gone_for_good(tenant: Tenant) -> None:
    before = tenant.provision([put("a"), put("g", "Group"), group("g", ["a"]), group("outer", ["g"])])[1]
    one(tenant, drop("g", "Group"))
    assert tenant.members("outer") == set()
    after = one(tenant, put("g", "Group"))
    assert after.sync_operation == "Add"
    assert after.cloud_anchor != before.cloud_anchor
    assert tenant.members("g") == tenant.members("outer") == set()


def test_member_changes_converge_when_they_are_repeated(tenant: Tenant) -> None:
    tenant.provision([put("a"), put("b"), put("g", "Group")])
    for _ in range(2):
        assert one(tenant, group("g", ["a", "b"])).result_code == "Success"
        assert tenant.members("g") == {"a", "b"}
    for _ in range(2):
        assert one(tenant, group("g", remove=["a"])).result_code == "Success"
        assert tenant.members("g") == {"b"}


def test_a_member_may_be_named_by_its_cloud_anchor(tenant: Tenant) -> None:
    cloud = str(one(tenant, put("a")).cloud_anchor)
    change = ReferenceChange(cloud, LinkOperation.ADD, AnchorType.CLOUD)
    assert one(tenant, put("g", "Group", member=(change,))).result_code == "Success"
    assert tenant.members("g") == {"a"}


def test_an_object_may_be_named_by_its_cloud_anchor(tenant: Tenant) -> None:
    cloud = str(one(tenant, put("a")).cloud_anchor)
    result = one(tenant, SyncObject("User", Operation.SET, {"CloudAnchor": cloud, "city": "Oslo"}))
    assert (result.source_anchor, result.sync_operation) == ("a", "Set")
    assert tenant.attributes("a") == {"City": "Oslo"}
    unknown = SyncObject("User", Operation.SET, {"CloudAnchor": "User_x", "city": "Oslo"})
    assert one(tenant, unknown).result_code == "Failure"


def test_an_unknown_member_fails_the_whole_object(tenant: Tenant) -> None:
    tenant.provision([put("a"), put("g", "Group", displayName="G")])
    result, other = tenant.provision([group("g", ["a", "nobody"], displayName="H"), put("b")])
    assert (result.result_code, result.result_error_code) == ("Failure", "UnresolvedReference")
    assert "reference" in str(result.result_error_description)
    assert "nobody" in str(result.result_error_description)
    assert other.result_code == "Success"
    assert tenant.members("g") == set()
    assert tenant.attributes("g") == {"DisplayName": "G"}


@pytest.mark.parametrize(("kind", "name"), [("User", "manager"), ("Group", "managedBy")])
def test_an_unknown_single_reference_fails_the_object_or_is_dropped(clock: HandClock, kind: str, name: str) -> None:
    bad = put("b", kind, **{name: "nobody", "displayName": "B"})
    strict, lenient = quick_tenant(clock), quick_tenant(clock, unresolved=Unresolved.DROP)
    result = one(strict, bad)
    assert result.result_code == "Failure"
    assert "nobody" in str(result.result_error_description)
    assert strict.count() == 0
    assert one(lenient, bad).result_code == "Success"
    assert lenient.attributes("b") == {"DisplayName": "B"}
    lenient.provision([put("a"), put("b", kind, **{name: "a"})])
    assert (lenient.attributes("b") or {})[name[:1].upper() + name[1:]] == "a"


def test_unknown_members_can_be_dropped_silently(clock: HandClock) -> None:
    tenant = quick_tenant(clock, unresolved=Unresolved.DROP)
    tenant.provision([put("a"), group("g", ["a", "nobody"])])
    assert tenant.members("g") == {"a"}


def test_a_new_object_cannot_be_referred_to_for_a_while(clock: HandClock) -> None:
    tenant = Tenant(TenantSettings(), clock)
    one(tenant, put("a"))
    clock.now += 29.9
    assert one(tenant, group("g", ["a"])).result_error_code == "UnresolvedReference"
    assert one(tenant, put("b", manager="a")).result_error_code == "UnresolvedReference"
    clock.now += 0.1
    assert one(tenant, group("g", ["a"])).result_code == "Success"
    assert one(tenant, put("b", manager="a")).result_code == "Success"


def test_a_member_in_the_bin_can_be_removed_and_not_added(tenant: Tenant) -> None:
    tenant.provision([put("a"), group("g", ["a"]), drop("a")])
    assert one(tenant, group("g", ["a"])).result_code == "Failure"
    assert one(tenant, group("g", remove=["a"])).result_code == "Success"
    one(tenant, put("a"))
    assert tenant.members("g") == set()


def test_a_group_has_a_most_number_of_members(clock: HandClock) -> None:
    tenant = quick_tenant(clock, most_members=2)
    tenant.provision([put("a"), put("b"), put("c"), group("g", ["a", "b"])])
    assert one(tenant, group("g", ["c"])).result_code == "Failure"
    assert one(tenant, group("g", ["a"])).result_code == "Success", "it is a member already"
    assert one(tenant, group("g", ["c"], remove=["a"])).result_code == "Success"
    assert tenant.members("g") == {"b", "c"}


def test_a_call_with_too_many_links_or_objects_is_refused_as_a_whole(clock: HandClock) -> None:
    tenant = quick_tenant(clock, most_links=3, objects_per_call=2)
    tenant.provision([put("a"), put("b")])
    with pytest.raises(Fault, match="4 links"):
        tenant.provision([group("g", ["a", "b"]), group("h", ["a", "b"])])
    with pytest.raises(Fault, match="3 objects"):
        tenant.provision([put("x"), put("y"), put("z")])
    assert tenant.anchors() == {"a", "b"}


def test_the_write_limit_answers_busy_until_the_window_moves_on(clock: HandClock) -> None:
    tenant = quick_tenant(clock, writes_per_five_minutes=3)
    tenant.provision([put("a"), put("b")])
    with pytest.raises(Fault, match="currently busy") as fault:
        tenant.provision([put("c"), put("d")])
    assert fault.value.code == BUSY
    assert tenant.count() == 2
    clock.now += 300
    tenant.provision([put("c"), put("d")])
    assert tenant.count() == 4


def test_the_window_slides() -> None:
    limit = WriteLimit(10)
    assert limit.take(6, 0.0)
    assert limit.take(4, 100.0)
    assert not limit.take(1, 299.9)
    assert limit.take(6, 300.0)
    assert not limit.take(1, 399.9)
    assert limit.take(4, 400.0)
    assert WriteLimit(0).take(10**9, 0.0)


def test_nothing_is_taken_while_synchronisation_is_off(clock: HandClock) -> None:
    tenant = quick_tenant(clock, syncing=False)
    assert not tenant.company().syncing
    for call in (lambda: tenant.provision([put("a")]), lambda: tenant.read_back(None)):
        with pytest.raises(Fault, match="not yet activated"):
            call()


def test_an_object_keeps_its_kind(tenant: Tenant) -> None:
    tenant.provision([put("a")])
    assert one(tenant, put("a", "Contact")).result_error_code == "ObjectTypeMismatch"


@pytest.mark.parametrize("value", [("a",), "a"])
def test_members_as_a_list_are_refused(tenant: Tenant, value: Any) -> None:
    tenant.provision([put("a")])
    assert one(tenant, put("g", "Group", member=value)).result_code == "Failure"


def test_a_taken_value_is_left_out_with_a_warning(tenant: Tenant) -> None:
    tenant.provision(
        [put("a", userPrincipalName="ada@x.test", proxyAddresses=("SMTP:ada@x.test",), mail="ada@x.test")]
    )
    addresses = ("SMTP:b@x.test", "smtp:ADA@x.test")
    result = one(tenant, put("b", userPrincipalName="Ada@X.test", proxyAddresses=addresses, mail="ada@x.test"))
    assert (result.result_code, result.result_error_code) == ("Success", "0")
    assert "with some modified properties" in str(result.result_error_description)
    assert "ProxyAddresses smtp:ADA@x.test;" in str(result.result_error_description)
    held = tenant.attributes("b") or {}
    assert held["ProxyAddresses"] == ("SMTP:b@x.test",)
    assert "Mail" not in held
    name, _, domain = held["UserPrincipalName"].partition("@")
    assert name.startswith("Ada+")
    assert (len(name), domain) == (8, "simulated.onmicrosoft.com")


def test_a_taken_value_can_be_refused(clock: HandClock) -> None:
    tenant = quick_tenant(clock, duplicates=Duplicates.REFUSE)
    results = tenant.provision([put("a", mail="a@x.test"), put("b", mail="A@x.test")])
    assert [r.result_error_code for r in results] == ["0", "AttributeValueMustBeUnique"]
    assert tenant.anchors() == {"a"}


def test_a_value_is_free_again_when_its_owner_gives_it_up(clock: HandClock) -> None:
    tenant = quick_tenant(clock, duplicates=Duplicates.REFUSE)
    tenant.provision([put("a", mail="one@x.test")])
    results = tenant.provision([put("a", mail="two@x.test"), put("b", mail="one@x.test"), drop("b")])
    assert {r.result_code for r in results} == {"Success"}
    assert one(tenant, put("c", mail="one@x.test")).result_code == "Success"
    assert one(tenant, put("b", city="Oslo")).result_error_code == "AttributeValueMustBeUnique", (
        "it comes back too late"
    )
    swap = tenant.provision([put("a", mail="two@x.test"), put("a", mail="TWO@x.test")])
    assert {r.result_code for r in swap} == {"Success"}, "its own value"


def test_a_full_read_back_shows_everything_in_pascal_case(clock: HandClock) -> None:
    tenant = quick_tenant(clock, page_size=3)
    tenant.provision([put(f"a{n}", displayName=f"N{n}", title=None) for n in range(10)])
    tenant.provision([group("g", ["a1", "a2"])])
    mirror = Mirror()
    mirror.read(tenant)
    assert mirror.pages == 4
    synced = {anchor: values for anchor, values in mirror.objects.items() if not values["CloudMastered"]}
    assert synced.keys() == tenant.anchors()
    assert mirror.objects["a3"].keys() == {"SourceAnchor", "CloudAnchor", "CloudMastered", "DisplayName"}
    assert mirror.members["g"] == {"a1", "a2"}
    (admin,) = (values for values in mirror.objects.values() if values["CloudMastered"])
    assert "SourceAnchor" not in admin


def test_a_large_group_spans_pages_and_is_repeated_with_members_only(clock: HandClock) -> None:
    tenant = quick_tenant(clock, most_links=5)
    people = [f"a{n:02}" for n in range(12)]
    tenant.provision([put(anchor) for anchor in people])
    tenant.provision([put("g", "Group", displayName="G"), put("h", "Group")])
    for start in range(0, 12, 4):
        tenant.provision([group("g", people[start : start + 4])])
    tenant.provision([group("h", people[:3])])
    pages, cookie = [], None
    while True:
        page = tenant.read_back(cookie)
        pages.append(page.objects)
        cookie = page.cookie
        if not page.more:
            break
    parts = [obj for objects in pages for obj in objects if obj.values.get("SourceAnchor") == "g"]
    assert [obj.links for obj in parts] == [5, 5, 2]
    assert [set(obj.values) for obj in parts[1:]] == [{"SourceAnchor", "CloudAnchor", "Member"}] * 2
    assert all(sum(obj.links for obj in objects) <= 5 for objects in pages)
    mirror = Mirror()
    mirror.read(tenant)
    assert mirror.members["g"] == set(people)
    assert mirror.members["h"] == set(people[:3])


def test_a_delta_shows_what_changed_since_and_nothing_else(tenant: Tenant) -> None:
    tenant.provision([put("a"), put("b"), put("c"), group("g", ["a", "b"])])
    mirror = Mirror()
    mirror.read(tenant)
    tenant.provision([put("a", city="Oslo"), group("g", ["c"], remove=["a"]), drop("b")])
    page = tenant.read_back(mirror.cookie)
    shown = {obj.values["SourceAnchor"]: obj for obj in page.objects}
    assert shown.keys() == {"a", "b", "g"}
    assert shown["b"].operation is Operation.DELETE
    assert shown["g"].values["Member"] == (
        ReferenceChange("a", LinkOperation.REMOVE),
        ReferenceChange("b", LinkOperation.REMOVE),
        ReferenceChange("c", LinkOperation.ADD),
    )
    mirror.read(tenant)
    assert mirror.members["g"] == tenant.members("g") == {"c"}
    assert not tenant.read_back(mirror.cookie).objects


def test_a_change_between_two_pages_comes_with_the_next_delta(clock: HandClock) -> None:
    tenant = quick_tenant(clock, page_size=2)
    tenant.provision([put("a"), put("b"), put("c")])
    first = tenant.read_back(None)
    tenant.provision([put("a", city="Oslo"), drop("c")])
    mirror = Mirror()
    mirror.cookie = first.cookie
    mirror.read(tenant)
    mirror.read(tenant)
    assert mirror.objects["a"]["City"] == "Oslo"
    assert "c" not in mirror.objects


@pytest.mark.parametrize("cookie", [b"", b"x", b"\0" * 44])
def test_a_cookie_that_is_not_ours_is_refused(tenant: Tenant, clock: HandClock, cookie: bytes) -> None:
    foreign = quick_tenant(clock).read_back(None).cookie or b""
    ours = tenant.read_back(None).cookie or b""
    for bad in (cookie, foreign, ours[:-1], bytes([ours[0] ^ 1]) + ours[1:]):
        with pytest.raises(Fault, match="cookie"):
            tenant.read_back(bad)


def test_the_company_counts_what_is_synchronised(tenant: Tenant) -> None:
    assert tenant.company().known_objects == 0
    tenant.provision([put("a"), put("b"), drop("b")])
    company = tenant.company()
    assert (company.known_objects, company.max_links, company.delete_threshold) == (1, 15_000, 500)
    assert company.syncing


def test_a_tenant_tells_who_exported_last_and_what_was_there_then(clock: HandClock) -> None:
    tenant = quick_tenant(clock, client_machine="SERVER1")
    before = tenant.company()
    assert (before.client_machine, before.client_version, before.known_objects) == ("SERVER1", "2.4.21.0", 0)
    tenant.provision([put("a"), put("b")])
    assert tenant.company().known_objects == 0
    tenant.note_client("app", "2.6.92.0")
    after = tenant.company()
    assert (after.client_machine, after.client_application, after.known_objects) == ("", "app", 2)


def test_a_tenant_in_a_file_remembers(clock: HandClock, tmp_path: Path) -> None:
    path = tmp_path / "tenant.db"
    tenant = Tenant(TenantSettings(visibility_delay=0), clock, path)
    tenant.provision([put("a", city="Oslo"), group("g", ["a"])])
    tenant.finalize(2, 1)
    cookie = tenant.read_back(None).cookie
    tenant.close()
    again = Tenant(TenantSettings(visibility_delay=0), clock, path)
    assert again.attributes("a") == {"City": "Oslo"}
    assert again.members("g") == {"a"}
    assert again.finalized() == (2, 1)
    again.provision([put("b")])
    assert [obj.values["SourceAnchor"] for obj in again.read_back(cookie).objects] == ["b"]
    again.close()


def test_the_administrator_of_the_cloud_can_neither_be_deleted_nor_is_counted(tenant: Tenant) -> None:
    (admin,) = tenant.read_back(None).objects
    assert admin.values["CloudMastered"] is True
    delete = SyncObject("User", Operation.DELETE, {"CloudAnchor": admin.values["CloudAnchor"]})
    assert one(tenant, delete).result_error_code == "114"
    assert tenant.count() == 0
