"""Why the service refuses an object: documented names, numbers and texts lead to a cause with a remedy."""

import pytest

from syncramp.endpoint.causes import CAUSES, DIRECTORY_CAUSES, cause_of, remedy_of
from syncramp.simulator.memberships import NOT_THERE_TEXT, THERE_TEXT
from syncramp.simulator.refusals import NOT_UNIQUE_TEXT

LARGE = (
    "The provisioned object is too large. Trim the number of attribute values on this object. The operation will be "
    "retried in the next synchronization cycle."
)
HARD = "Hard match operation blocked due to security hardening. Review OnPremisesObjectIdentifier mapping."
DELETE = "This synchronization operation, Delete, is not valid. Contact Technical Support. Tracking Id: 1"


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_a_documented_name_is_recognised_in_the_code_and_in_the_text(cause) -> None:
    assert cause_of(cause.name, "") is cause
    if not cause.name.isdigit():
        assert cause_of("0", f"Error: {cause.name}. See the documentation.") is cause
        assert cause_of(cause.name.upper(), "") is cause
    assert remedy_of(cause.name) == cause.remedy


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (LARGE, "LargeObject"),
        (HARD, "InvalidHardMatch"),
        (DELETE, "114"),
        (NOT_UNIQUE_TEXT.format(taken="mail a@b;"), "AttributeValueMustBeUnique"),
        (THERE_TEXT, "RepeatedReferenceChange"),
        (NOT_THERE_TEXT, "RepeatedReferenceChange"),
        ("Maximum Group member count exceeded.", "LargeObject"),
        ("Unable to soft match: the target has an admin role", "InvalidSoftMatch"),
        ("The target of the match has an admin role.", "ExistingAdminRoleConflict"),
        ("The reference member to X could not be resolved.", "UnresolvedReference"),
        ("References that do not resolve: member.", "UnresolvedReference"),
        ("The attribute Preferences is unknown.", "without a code"),
        ("Object reference not set to an instance of an object.", "without a code"),
        ("System.NullReferenceException", "without a code"),
    ],
)
def test_the_known_texts_are_recognised_without_a_code(text, name) -> None:
    assert cause_of("", text).name == name


@pytest.mark.parametrize(("code", "name"), [("4711", "4711"), ("", "without a code"), ("0", "without a code")])
def test_what_nobody_knows_keeps_its_own_code_and_gets_no_remedy(code, name) -> None:
    cause = cause_of(code, "Something else happened.")
    assert (cause.name, cause.remedy) == (name, "")
    assert remedy_of(name) == ""


def test_every_remedy_is_one_sentence_that_can_follow_a_colon() -> None:
    for cause in (*CAUSES, *DIRECTORY_CAUSES):
        assert cause.remedy[0].islower()
        assert not cause.remedy.endswith(".")


@pytest.mark.parametrize("text", [LARGE, HARD, "a reference to quota must be unique", ""])
@pytest.mark.parametrize("cause", DIRECTORY_CAUSES, ids=lambda cause: cause.name)
def test_what_a_directory_refuses_goes_by_its_code_whatever_its_text_is(cause, text) -> None:
    assert cause_of(cause.name, text) is cause
    assert remedy_of(cause.name) == cause.remedy
    assert cause_of("", cause.name).name == "without a code"
