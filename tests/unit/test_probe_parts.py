"""The parts of a probe: what an ear makes of answers, and the objects that are made and found again."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.endpoint import contract
from syncramp.endpoint.facts import QUESTIONS, Verdict
from syncramp.endpoint.features import with_features
from syncramp.endpoint.listening import Ear, described, details_of, forms_of_members, members_beside_objects
from syncramp.endpoint.props import PREFIX, Props, deleted, domain_of, left_in, links_to, source_anchor
from syncramp.errors import InputRefused
from syncramp.model.features import FEATURES
from syncramp.model.wire import AnchorType, LinkOperation, Operation, ReferenceChange, SyncObject

ID = UUID(int=7)
PROPS = Props("0a1b2c3d", "example.org")


def heard(*answers: bytes) -> Ear:
    ear = Ear()
    for number, data in enumerate(answers):
        ear.hear(f"host{number % 2}", data)
    return ear


def user(anchor: str, **values: object) -> SyncObject:
    return SyncObject("User", Operation.SET, {"SourceAnchor": anchor, **values})  # type: ignore[dict-item]


def test_an_ear_keeps_hosts_once_and_answers_until_it_is_emptied() -> None:
    ear = heard(*[contract.finalize_response(ID)] * 3, b"no message at all")
    assert ear.hosts == ["host0", "host1"]
    assert [node.name for node in ear.answers] == ["FinalizeExportResponse"] * 3
    ear.empty()
    assert ear.last is None and ear.fault is None


def test_a_fault_is_heard_with_its_code() -> None:
    ear = heard(contract.finalize_response(ID), contract.fault_response("It cannot be.", "90", relates_to=ID))
    assert ear.fault is not None
    assert (ear.fault.code, ear.fault.text) == ("90", "It cannot be.")


def test_members_beside_the_objects_are_described_by_their_form_and_never_at_length() -> None:
    ear = heard(contract.read_back_response([user("A")], b"c" * 3000, True, ID, ("Watermark", "HasNext")))
    assert ear.last is not None
    assert described(members_beside_objects(ear.last)) == "HasNext: 'true', Watermark: 3000 bytes"
    assert described([]) == "no members beside the objects"


def test_the_form_of_members_is_told_as_it_came() -> None:
    changes = SyncObject("Group", Operation.SET, {"SourceAnchor": "G", "Member": (ReferenceChange("A"),)})
    foreign = (ReferenceChange("User_a", by=AnchorType.CLOUD),)
    clouded = SyncObject("Group", Operation.SET, {"SourceAnchor": "G", "Member": foreign})
    listed = SyncObject("Group", Operation.SET, {"SourceAnchor": "G", "member": ("A", "B")})
    for obj, form in ((changes, "changes"), (listed, "list"), (clouded, "changes by cloud anchor")):
        ear = heard(contract.read_back_response([user("A"), obj], b"c", False, ID))
        assert ear.last is not None
        assert list(forms_of_members(ear.last, "G")) == [form]
        assert list(forms_of_members(ear.last, "H")) == []


def test_error_details_are_told_whatever_they_hold() -> None:
    results = [contract.SyncResult("User", "Failure", "Set", "A", error_details="attribute=mail; value=x")]
    assert details_of(heard(contract.provision_response(results, ID)).last) == "attribute=mail; value=x"
    assert details_of(heard(contract.finalize_response(ID)).last) == details_of(None) == ""


@pytest.mark.parametrize(
    ("observed", "verdict"), [("114", Verdict.CONFIRMED), ("115", Verdict.DIFFERS), (None, Verdict.DIFFERS)]
)
def test_an_answer_is_confirmed_where_it_is_what_is_expected(observed: str | None, verdict: Verdict) -> None:
    assert QUESTIONS["delete.unknown"].answered(observed).verdict is verdict


def test_a_question_without_expected_answers_takes_any_but_none() -> None:
    assert QUESTIONS["redirects"].answered("none").verdict is Verdict.CONFIRMED
    assert QUESTIONS["redirects"].answered(None).verdict is Verdict.DIFFERS


def test_evidence_is_shortened() -> None:
    assert len(QUESTIONS["nil"].answered(True, "x" * 5000).evidence) == 240


def test_what_a_probe_makes_is_found_again_by_its_anchor_and_nothing_else_is() -> None:
    made = [PROPS.user("Ada"), PROPS.group(), user("SomebodyElse"), PROPS.delete("Bo")]
    assert left_in(made) == {f"{PREFIX}0a1b2c3dAda": "User", f"{PREFIX}0a1b2c3dGroup": "Group"}


@pytest.mark.parametrize("name", ["Ada", "Bo", "Copy", "Nobody", "Group"])
def test_anchors_fit_the_service_and_count_each_sign_once(name: str) -> None:
    assert PROPS.anchor(name).isalnum() and PROPS.anchor(name).isascii()
    assert len(PROPS.anchor(name)) < 60


def test_a_copy_has_the_name_of_another_user_and_everything_else_of_its_own() -> None:
    ada, copy = PROPS.user("Ada"), PROPS.user("Copy", named_as="Ada")
    same = {name for name in ada.values if ada.values[name] == copy.values[name]}
    assert same == {"accountEnabled", "userPrincipalName"}


def test_groups_are_deleted_before_their_members() -> None:
    gone = deleted({"U": "User", "G": "Group"})
    assert [(obj.kind, obj.operation, source_anchor(obj)) for obj in gone] == [
        ("Group", Operation.DELETE, "G"),
        ("User", Operation.DELETE, "U"),
    ]


@pytest.mark.parametrize(
    ("objects", "found"),
    [
        ([], False),
        ([user("A")], False),
        ([SyncObject("Group", Operation.SET, {"SourceAnchor": "G"})], None),
        ([SyncObject("Group", Operation.DELETE, {"SourceAnchor": "G"})], False),
        ([SyncObject("Group", Operation.SET, {"sourceanchor": "G", "Member": (ReferenceChange("A"),)})], True),
        ([SyncObject("Group", Operation.SET, {"SourceAnchor": "G", "Member": (ReferenceChange("B"),)})], False),
        ([SyncObject("Group", Operation.SET, {"SourceAnchor": "H", "Member": (ReferenceChange("A"),)})], False),
        (
            [
                SyncObject(
                    "Group",
                    Operation.SET,
                    {"SourceAnchor": "G", "Member": (ReferenceChange("A", LinkOperation.REMOVE),)},
                )
            ],
            False,
        ),
    ],
)
def test_a_link_is_there_where_it_is_shown_as_added(objects: list[SyncObject], found: bool | None) -> None:
    assert links_to(objects, "G", {"A", "User_a"}) is found


def test_a_domain_is_that_of_somebody_in_the_tenant() -> None:
    assert domain_of([user("A"), user("B", UserPrincipalName="b@contoso.example")]) == "contoso.example"
    with pytest.raises(InputRefused, match="--domain"):
        domain_of([user("A"), user("B", UserPrincipalName="no name")])


@given(st.integers(0, 2**31 - 1), st.lists(st.sampled_from(list(FEATURES.values()))))
def test_features_are_added_and_no_bit_is_ever_lost(mask: int, names: list[str]) -> None:
    made = with_features(mask, [name.upper() for name in names])
    bits = {bit for bit, name in FEATURES.items() if name in names}
    assert made & mask == mask
    assert made == mask | sum(bits)
