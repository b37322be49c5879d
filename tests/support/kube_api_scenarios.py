"""What must hold in a cluster, as functions: told once, run against the double and against a real API server."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from support.kube_api_client import SyncConfigs, until
from support.kube_api_documents import UNREADABLE_FILTER, Broken, document, scoped
from support.kube_api_patches import merged
from support.status_check import check_status
from syncramp.check import verdict_of
from syncramp.spec.schema import with_defaults

Object = dict[str, Any]


def good_documents_are_stored_with_their_defaults(configs: SyncConfigs, examples: Path) -> None:
    """What the API server stores is what the engine would have read from the file."""
    documents = [document("good", configs.namespace)]
    documents += [_placed(found, configs.namespace) for found in _examples(examples)]
    for wanted in documents:
        stored = configs.create(wanted)
        try:
            assert stored["spec"] == with_defaults(wanted)["spec"]
        finally:
            configs.delete(wanted["metadata"]["name"])


def every_rule_refuses_with_the_words_of_validate(configs: SyncConfigs, broken: Broken) -> None:
    """The API server's sentences on a document are those of the offline check, no more and no fewer."""
    wanted = document(broken.name, configs.namespace, broken.patch)
    code, answer = configs.try_create(wanted)
    assert code == 422, answer
    _same_sentences(answer, [(found.path, found.reason) for found in verdict_of(wanted)])


def what_must_not_change_is_refused(configs: SyncConfigs, moved: Broken) -> None:
    """A change of an immutable field is refused with the words of the offline check."""
    name = f"moved-{moved.name}"
    before = configs.create(document(name, configs.namespace, moved.before))
    try:
        code, answer = configs.try_change(name, moved.patch)
        assert code == 422, answer
        after = document(name, configs.namespace, merged(copy.deepcopy(moved.before or {}), moved.patch))
        refused = [found for found in verdict_of(after, before) if not found.stands]
        _same_sentences(answer, [(found.path, found.reason) for found in refused])
    finally:
        configs.delete(name)


def the_schema_refuses_where_validate_does(configs: SyncConfigs, field: str, patch: Object) -> None:
    """The words differ for what a schema says by itself; the place does not."""
    wanted = document("misshapen", configs.namespace, patch)
    code, answer = configs.try_create(wanted)
    assert code == 422, answer
    assert field in {cause.get("field") for cause in answer["details"]["causes"]}
    assert {found.path for found in verdict_of(wanted)} == {field}


def the_verdict_follows_the_document(configs: SyncConfigs) -> None:
    """The operator takes a document, stalls on an unreadable filter, and takes it again once mended."""
    configs.create(document("judged", configs.namespace, {"spec": {"suspend": True}}))
    taken = check_status(configs.until("judged", said(1, "Unknown")), settled=True)
    assert taken["Ready"]["reason"] == "Suspended"
    configs.change("judged", UNREADABLE_FILTER)
    stalled = check_status(configs.until("judged", said(2, "False")), settled=True)
    for name in ("Ready", "Stalled"):
        assert stalled[name]["reason"] == "InvalidSpec"
        assert stalled[name]["message"].startswith("spec.sources[0].scope[0].filter: is no LDAP filter")
    configs.change("judged", scoped(filter="(cn=Smith)"))
    mended = configs.until("judged", said(3, "Unknown"))
    assert "Stalled" not in check_status(mended, settled=True)
    told = until(lambda: configs.events("judged"), lambda events: len(events) >= 3)
    assert sorted((event["type"], event["reason"]) for event in told) == [
        ("Normal", "Suspended"),
        ("Normal", "Suspended"),
        ("Warning", "InvalidSpec"),
    ]
    assert {event["reportingComponent"] for event in told} == {"syncramp-operator"}
    assert_untouched(mended)
    configs.delete("judged")


def said(generation: int, ready: str) -> Callable[[Object], bool]:
    """Whether the operator has spoken of this generation, and what it said."""

    def settled(body: Object) -> bool:
        status = body.get("status", {})
        states = {one["type"]: one["status"] for one in status.get("conditions", ())}
        return status.get("observedGeneration") == generation and states.get("Ready") == ready

    return settled


def assert_untouched(body: Object) -> None:
    """The operator left nothing on the object but its status and its finalizer."""
    assert body["metadata"]["finalizers"] == ["syncramp.io/operator"]
    assert "annotations" not in body["metadata"]


def _same_sentences(answer: Object, expected: list[tuple[str, str]]) -> None:
    """One cause for each finding, at its place and with its words; the server's order differs from call to call."""
    left = [(cause["field"], cause["message"]) for cause in answer["details"]["causes"]]
    for path, reason in expected:
        told = [one for one in left if one[0] == path and reason in one[1]]
        assert told, f"{path}: {reason} is missing in {left}"
        left.remove(told[0])
    assert not left, f"validate does not say {left}"


def _examples(folder: Path) -> list[Object]:
    paths = sorted(folder.rglob("*.yaml"))
    found = [one for path in paths for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    return [one for one in found if isinstance(one, dict) and one.get("kind") == "SyncConfig" and not verdict_of(one)]


def _placed(found: Object, namespace: str) -> Object:
    return {**found, "metadata": {**found["metadata"], "namespace": namespace}}
