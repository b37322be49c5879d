"""What the API server is answered: the verdict of ``syncramp validate`` as an AdmissionReview."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.kube_api_documents import BROKEN, document, source
from support.kube_api_patches import merged
from syncramp.check import Finding, verdict_of
from syncramp_operator.admission.review import LONGEST, MOST, UNJUDGED, Malformed, answer

DN = "spec.sources[0].scope[0].dn"
BAD_DN = {"spec": {"sources": [{**document("x", "y")["spec"]["sources"][0], "scope": [{"dn": "OU=+"}]}]}}
GERMANY = BROKEN[0].patch


def asked(new: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The question of an API server, with members that we do not read."""
    request = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "syncramp.io", "version": "v1alpha1", "kind": "SyncConfig"},
        "operation": "UPDATE" if old else "CREATE",
        "object": new,
        "oldObject": old,
        "dryRun": False,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


def told(new: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> dict[str, Any]:
    review = answer(asked(new, old))
    assert (review["apiVersion"], review["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    response = review["response"]
    assert response.pop("uid") == asked(new)["request"]["uid"]
    return dict(response)


def test_a_good_document_is_allowed_without_a_word() -> None:
    assert told(document("good", "identity")) == {"allowed": True}


def test_what_a_schema_cannot_say_is_refused_with_the_words_of_validate() -> None:
    bad = document("bad", "identity", BAD_DN)
    response = told(bad)
    assert response["allowed"] is False
    assert (response["status"]["code"], response["status"]["reason"]) == (422, "Invalid")
    (found,) = verdict_of(bad)
    assert found.path == DN
    assert response["status"]["message"] == f"the document is not acceptable:\n  {found}"


def test_what_was_wrong_before_a_change_is_a_warning() -> None:
    old = document("germany", "identity", GERMANY)
    response = told(merged(old, {"spec": {"mode": "Plan"}}), old)
    assert response["allowed"] is True
    (warning,) = response["warnings"]
    assert "German cloud" in warning


def test_a_change_that_breaks_it_is_refused_beside_the_warning() -> None:
    old = document("germany", "identity", GERMANY)
    response = told(merged(old, BAD_DN), old)
    assert response["allowed"] is False
    assert len(response["warnings"]) == 1
    assert DN in response["status"]["message"]


def test_a_path_that_a_cluster_does_not_have_is_a_warning() -> None:
    ldif = {"spec": {"sources": [source(ldif={"path": "corp.ldif"})]}}
    response = told(document("file", "identity", ldif))
    assert response["allowed"] is True
    (warning,) = response["warnings"]
    assert warning.startswith('spec.sources[0].ldif.path: "corp.ldif": is relative to the document')


def test_what_must_not_change_is_refused() -> None:
    old = document("moved", "identity")
    response = told(merged(old, {"spec": {"target": {"tenantID": "0b1c2d3e-0000-4000-8000-000000000002"}}}), old)
    assert response["allowed"] is False
    assert "spec.target.tenantID" in response["status"]["message"]


def test_a_fault_of_ours_lets_the_document_pass_says_so_and_tells_nothing_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: Any) -> list[Finding]:
        raise RuntimeError("an inner secret")

    response = answer(asked(document("any", "identity")), fail)["response"]
    assert response["allowed"] is True
    assert response["warnings"] == [UNJUDGED]
    (record,) = caplog.records
    assert "RuntimeError" in record.trace  # type: ignore[attr-defined]
    assert "an inner secret" not in f"{record.getMessage()}{vars(record)}"


@pytest.mark.parametrize(
    "review",
    [
        None,
        [],
        {},
        {"request": {}},
        {"request": {"uid": 5, "object": {}}},
        {"request": {"uid": "a"}},
        {"request": {"uid": "a", "object": None}},
        {"request": {"uid": "a", "object": {}, "oldObject": []}},
    ],
)
def test_what_is_no_question_is_not_answered(review: Any) -> None:
    with pytest.raises(Malformed):
        answer(review)


@given(st.lists(st.builds(Finding, st.text(), st.text(max_size=900), st.text(), stands=st.booleans()), max_size=80))
def test_an_answer_is_bounded_and_refuses_exactly_what_is_new(findings: list[Finding]) -> None:
    response = answer(asked(document("any", "identity")), lambda *_: findings)["response"]
    new = [found for found in findings if not found.stands]
    assert response["allowed"] is not bool(new)
    assert len(response.get("warnings", ())) == min(MOST, len(findings) - len(new))
    lines = response["status"]["message"].split("\n  ") if new else []
    assert len(lines) <= MOST + 2
    assert all(len(line.encode()) <= LONGEST for line in [*lines, *response.get("warnings", ())])
    assert all("\n" not in line for line in lines)
    if len(new) > MOST:
        assert lines[-1] == f"and {len(new) - MOST} more"
