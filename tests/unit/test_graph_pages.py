"""Pages of Microsoft Graph's delta query on groups, as its documentation shows them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.pages import coded, rows, section
from syncramp.endpoint.clouds import ADDRESSES, graph_of
from syncramp.endpoint.graph_pages import SELECT, groups_of, links_of
from syncramp.errors import ServiceRefused
from syncramp.model.cloud import CloudState, SeenGroup, together
from syncramp.spec.types import Cloud

PAGE = {
    "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#groups",
    "@odata.nextLink": "https://graph.microsoft.com/v1.0/groups/delta?$skiptoken=pqwSUjGYvb3jQpbwVAwEL7yuI3dU1LecfkkfL",
    "value": [
        {
            "displayName": "All Company",
            "description": None,
            "groupTypes": ["Unified"],
            "mailEnabled": True,
            "securityEnabled": False,
            "proxyAddresses": ["smtp:b@contoso.com", "SMTP:allcompany@contoso.com"],
            "id": "C2F798FD-f1f1-4fa7-a1e8-44e5c6e7b4c2",
            "members@delta": [
                {"@odata.type": "#microsoft.graph.user", "id": "693ACD06-2877-4339-8ade-b704261fe7a0"},
                {"@odata.type": "#microsoft.graph.orgContact", "id": "49320844"},
                {"@odata.type": "#microsoft.graph.device", "id": "5", "@removed": {"reason": "deleted"}},
            ],
        },
        {"id": "ec22655c-8eb2-432a-b4ea-8b8a254bffff", "onPremisesSyncEnabled": True, "displayName": "From AD"},
        {"id": "4c0a4a9c-bin", "@removed": {"reason": "changed"}},
        {"id": "4c0a4a9c-gone", "@removed": {"reason": "deleted"}},
        {"id": "4c0a4a9c-else", "@removed": {"reason": "moved"}},
    ],
}


def test_a_page_tells_groups_of_the_cloud_with_who_came_and_went() -> None:
    told = dict(groups_of(PAGE))
    assert told["c2f798fd-f1f1-4fa7-a1e8-44e5c6e7b4c2"] == SeenGroup(
        {
            "displayName": "All Company",
            "description": None,
            "mailEnabled": True,
            "securityEnabled": False,
            "groupTypes": ("Unified",),
            "proxyAddresses": ("SMTP:allcompany@contoso.com", "smtp:b@contoso.com"),
        },
        merges=True,
        adds=["user_693acd06-2877-4339-8ade-b704261fe7a0", "contact_49320844"],
        removes=["device_5"],
    )
    assert told["ec22655c-8eb2-432a-b4ea-8b8a254bffff"] == SeenGroup(state=CloudState.UNTOLD, ours=False)


@pytest.mark.parametrize(
    ("told", "moved"),
    [
        ({}, False),
        ({"onPremisesSyncEnabled": None, "onPremisesLastSyncDateTime": None}, False),
        ({"onPremisesSyncEnabled": False}, True),
        ({"onPremisesLastSyncDateTime": "2026-01-05T10:00:00Z"}, True),
    ],
)
def test_a_group_that_a_directory_was_the_master_of_says_so(told: dict[str, Any], moved: bool) -> None:
    ((_, group),) = groups_of({"value": [{"id": "a", "displayName": "A", **told}]})
    assert (group.ours, group.moved) == (True, moved)
    assert together(group, SeenGroup({})).moved is moved


def test_a_deleted_group_says_whether_it_can_be_restored() -> None:
    told = dict(groups_of(PAGE))
    assert [told[f"4c0a4a9c-{name}"].state for name in ("bin", "gone", "else")] == [
        CloudState.BIN,
        CloudState.GONE,
        CloudState.UNTOLD,
    ]
    assert told["4c0a4a9c-bin"].attributes is None


def test_it_asks_for_what_it_keeps_and_for_members() -> None:
    assert {"id", "members", "groupTypes", "onPremisesSyncEnabled", "isAssignableToRole"} <= set(SELECT.split(","))


def test_the_end_of_a_query_is_where_the_next_one_begins() -> None:
    assert links_of(PAGE) == (PAGE["@odata.nextLink"], "")
    assert links_of({"@odata.deltaLink": "https://x/v1.0/y"}) == ("", "https://x/v1.0/y")
    with pytest.raises(ServiceRefused, match="neither where it goes on nor where it ends"):
        links_of({"@odata.nextLink": ""})


@pytest.mark.parametrize("document", [{}, {"value": None}, {"value": {"id": "x"}}])
def test_what_is_no_list_of_groups_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ServiceRefused, match="no list of groups"):
        groups_of(document)


anything = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3) | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NAMES = ("id", "displayName", "groupTypes", "securityEnabled", "members@delta", "@removed", "onPremisesSyncEnabled")


@given(st.lists(anything | st.dictionaries(st.sampled_from(NAMES), anything), max_size=4))
def test_whatever_a_row_is_it_is_read_or_passed_over(rows: list[Any]) -> None:
    for object_id, told in groups_of({"value": rows}):
        assert object_id == object_id.lower()
        assert all(isinstance(member, str) and "_" in member for member in (*told.adds, *told.removes))


def test_two_parts_of_a_group_on_one_page_are_one() -> None:
    one = SeenGroup({"displayName": "A"}, merges=True, adds=["user_1", "user_2"], removes=["user_3"])
    other = SeenGroup({"description": "d"}, merges=True, adds=["user_3"], removes=["user_2"])
    assert together(one, other) == SeenGroup(
        {"displayName": "A", "description": "d"}, merges=True, adds=["user_1", "user_3"], removes=["user_2"]
    )
    listed = together(SeenGroup({}, whole=["user_1"]), SeenGroup(adds=["user_2"]))
    assert (listed.whole, listed.attributes, listed.merges) == (["user_1", "user_2"], {}, False)


@pytest.mark.parametrize(
    ("cloud", "host", "expected"),
    [
        (Cloud.COMMERCIAL, "", ("graph.microsoft.com", "https://graph.microsoft.com")),
        (Cloud.CHINA, "", ("microsoftgraph.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn")),
        (Cloud.US_GOVERNMENT, "", ("graph.microsoft.us", "https://graph.microsoft.us")),
        (Cloud.US_GOVERNMENT, "DOD-graph.microsoft.us", ("dod-graph.microsoft.us", "https://dod-graph.microsoft.us")),
        (Cloud.COMMERCIAL, "127.0.0.1:8443", ("127.0.0.1:8443", "https://graph.microsoft.com")),
    ],
)
def test_graph_is_where_the_cloud_has_it_or_where_the_document_says(
    cloud: Cloud, host: str, expected: tuple[str, str]
) -> None:
    assert graph_of(cloud, host) == expected


def test_the_page_names_the_host_of_each_cloud() -> None:
    page = section("docs/writeback-groups.md", "## Microsoft Graph")
    told = {coded(row[0])[0]: coded(row[1])[0] for row in rows(page, title="cloud")}
    assert told == {cloud.value: addresses.graph for cloud, addresses in ADDRESSES.items()}


def test_the_page_names_the_states_of_groups_that_are_not_there() -> None:
    page = section("docs/writeback-groups.md", "## Deleted groups")
    assert {coded(row[1])[0] for row in rows(page, title="what was seen")} == set(CloudState)
