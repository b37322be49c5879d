"""Groups that are mastered in the cloud, as one object of the read-back shows them."""

from typing import Any

import pytest

from syncramp.cycle.cloud_shown import cloud_group_of, kinds_of
from syncramp.cycle.shown import ShownObject
from syncramp.model.cloud import CloudState, SeenGroup
from syncramp.model.wire import AnchorType, LinkOperation, Operation, ReferenceChange, SyncObject

A = "0f8fad5b-d9cb-469f-a165-70867728950a"


def shown(kind: str = "Group", operation: Operation = Operation.SET, **values: Any) -> ShownObject:
    return ShownObject(
        SyncObject(kind, operation, {"CloudAnchor": f"Group_{A.upper()}", "CloudMastered": True, **values})
    )


@pytest.mark.parametrize(
    "obj",
    [
        shown(kind="User"),
        ShownObject(SyncObject("Group", Operation.SET, {"DisplayName": "no anchor"})),
    ],
)
def test_what_is_no_group_is_none(obj: ShownObject) -> None:
    assert cloud_group_of(obj) is None


@pytest.mark.parametrize("values", [{"SourceAnchor": "AAAA"}, {"CloudMastered": False}])
def test_a_group_that_a_directory_masters_is_told_as_one(values: dict[str, Any]) -> None:
    assert cloud_group_of(shown(**values, Member=("User_1",))) == (A, SeenGroup(state=CloudState.UNTOLD, ours=False))


def test_a_group_is_known_by_its_object_id_in_small_letters_also_where_nothing_says_that_the_cloud_masters_it() -> (
    None
):
    told = cloud_group_of(ShownObject(SyncObject("Group", Operation.ADD, {"CloudAnchor": f"Group_{A.upper()}"})))
    assert told is not None and told[0] == A


def test_attributes_get_the_names_of_graph_whatever_case_the_wire_has() -> None:
    obj = shown(
        displayname="Team",
        ALIAS="team",
        GroupType="Unified, DynamicMembership",
        SecurityEnabled="False",
        ProxyAddresses=("smtp:b@x", "SMTP:a@x"),
        ReasonFiltered=("WriteBackOutOfScope",),
        Mail="",
    )
    _, told = cloud_group_of(obj) or ("", SeenGroup())
    assert told.attributes == {
        "displayName": "Team",
        "mailNickname": "team",
        "groupTypes": ("DynamicMembership", "Unified"),
        "securityEnabled": False,
        "proxyAddresses": ("SMTP:a@x", "smtp:b@x"),
        "reasonFiltered": "WriteBackOutOfScope",
    }
    assert told.state is CloudState.LIVE


@pytest.mark.parametrize("value", [1099511627776, "8796093022208"])
def test_a_group_mailbox_is_one_of_a_microsoft_365_group(value: Any) -> None:
    _, told = cloud_group_of(shown(MsExchRecipientTypeDetails=value)) or ("", SeenGroup())
    assert told.attributes == {"groupTypes": ("Unified",)}


@pytest.mark.parametrize(
    ("obj", "state"),
    [
        (shown(ReasonFiltered="SoftDelete"), CloudState.BIN),
        (shown(reasonFiltered=("WriteBackOutOfScope", "SoftDelete")), CloudState.BIN),
        (shown(operation=Operation.DELETE), CloudState.UNTOLD),
        (shown(DisplayName="x"), CloudState.LIVE),
    ],
)
def test_the_state_is_what_the_page_says(obj: ShownObject, state: CloudState) -> None:
    _, told = cloud_group_of(obj) or ("", SeenGroup())
    assert told.state is state


def change(anchor: str, *, removes: bool = False, cloud: bool = True) -> ReferenceChange:
    by = AnchorType.CLOUD if cloud else AnchorType.SOURCE
    return ReferenceChange(anchor, LinkOperation.REMOVE if removes else LinkOperation.ADD, by)


def test_members_come_as_changes_by_either_anchor_or_as_a_list_of_both() -> None:
    changes = (change("User_1A"), change("AAAA", cloud=False), change("User_2B", removes=True))
    _, told = cloud_group_of(shown(Member=changes)) or ("", SeenGroup())
    assert (told.adds, told.removes, told.whole) == (["user_1a", "source:AAAA"], ["user_2b"], None)
    _, told = cloud_group_of(shown(DisplayName="x", Member=("User_1A", "AAAA"))) or ("", SeenGroup())
    assert told.whole == ["user_1a", "source:AAAA"]
    _, told = cloud_group_of(
        ShownObject(SyncObject("Group", Operation.SET, {"CloudAnchor": "Group_x", "Member": ("User_1",)}))
    )
    assert (told.whole, told.adds, told.attributes) == (None, ["user_1"], None), (
        "a further part adds to the first one"
    )


def test_an_empty_list_says_that_nobody_is_a_member_only_where_members_come_as_lists() -> None:
    for lists, whole in ((False, None), (True, [])):
        _, told = cloud_group_of(shown(DisplayName="x", Member=()), lists=lists) or ("", SeenGroup())
        assert told.whole == whole


def test_guests_are_told_by_their_own_objects() -> None:
    guest = ShownObject(SyncObject("User", Operation.SET, {"CloudAnchor": "User_1A", "UserType": "Guest"}))
    person = ShownObject(SyncObject("User", Operation.SET, {"CloudAnchor": "User_2B", "UserType": "Member"}))
    assert kinds_of([guest, person]) == {"user_1a": "Guest"}


def test_a_group_that_is_shown_without_its_display_name_is_not_shown_whole() -> None:
    for values, merges in (({"DisplayName": "A", "Mail": "a@x"}, False), ({"Mail": "a@x"}, True)):
        _, told = cloud_group_of(shown(**values)) or ("", SeenGroup())
        assert told.merges is merges
