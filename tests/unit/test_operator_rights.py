"""The operator asks for its rights at the start and names what is missing."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from syncramp.errors import SyncrampError
from syncramp_operator.api.cluster import ClusterUnavailable
from syncramp_operator.api.resources import ACCESS_REVIEWS, Resource
from syncramp_operator.api.rights import Where, missing_rights, refusal, rights_of
from syncramp_operator.settings import Execution, Settings

Asked = Mapping[str, str]


class Reviewer:
    """Allows what a function of the attributes says."""

    def __init__(self, allows: Callable[[Asked], bool]) -> None:
        self.asked: list[Asked] = []
        self._allows = allows

    def create(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> dict[str, Any]:
        assert (resource, namespace) == (ACCESS_REVIEWS, "")
        attributes = body["spec"]["resourceAttributes"]
        self.asked.append(attributes)
        return {"status": {"allowed": self._allows(attributes)}}


def _missing(reviewer: Reviewer, **settings: Any) -> list[str]:
    return [str(one) for one in asyncio.run(missing_rights(reviewer, Settings(**settings)))]


def test_an_operator_with_all_its_rights_has_nothing_to_say() -> None:
    assert _missing(Reviewer(lambda _: True)) == []


def test_each_verb_is_asked_for_in_each_namespace() -> None:
    reviewer = Reviewer(lambda _: True)
    _missing(reviewer, namespaces=("one", "two"), home="house")
    asked = sorted(
        (one["verb"], one["resource"], one.get("subresource", ""), one["namespace"]) for one in reviewer.asked
    )
    places = {Where.WATCHED: ("one", "two"), Where.HOME: ("house",)}
    assert asked == sorted(
        (verb, right.resource.plural, right.subresource, place)
        for right in rights_of(Execution.IN_PROCESS)
        for verb in right.verbs
        for place in places[right.where]
    )


def test_without_namespaces_the_whole_cluster_is_asked_for_and_leases_at_home_only() -> None:
    reviewer = Reviewer(lambda _: True)
    _missing(reviewer, home="house")
    assert {one.get("namespace") for one in reviewer.asked if one["resource"] != "leases"} == {None}
    assert {one.get("namespace") for one in reviewer.asked if one["resource"] == "leases"} == {"house"}


def test_jobs_are_asked_for_only_where_runs_are_jobs() -> None:
    for execution in Execution:
        reviewer = Reviewer(lambda _: True)
        _missing(reviewer, execution=execution)
        assert any(one["resource"] == "jobs" for one in reviewer.asked) is (execution is Execution.JOB)


def test_a_missing_right_is_told_with_the_rule_to_add() -> None:
    denied = Reviewer(
        lambda asked: (asked["verb"], asked["resource"]) not in {("create", "leases"), ("get", "leases")}
    )
    (told,) = _missing(denied, home="house")
    assert told == (
        "the operator may not get or create leases.coordination.k8s.io in the namespace house; add to its Role:\n"
        "- apiGroups: [coordination.k8s.io]\n  resources: [leases]\n  verbs: [get, create]"
    )
    denied = Reviewer(lambda asked: asked.get("subresource") != "status" or asked["resource"] != "syncruns")
    (told,) = _missing(denied)
    assert told == (
        "the operator may not patch syncruns/status.syncramp.io in the whole cluster; add to its ClusterRole:\n"
        "- apiGroups: [syncramp.io]\n  resources: [syncruns/status]\n  verbs: [patch]"
    )


def test_the_core_group_is_written_as_a_role_writes_it() -> None:
    (told,) = _missing(Reviewer(lambda asked: asked["resource"] != "secrets"), namespaces=("one",))
    assert 'apiGroups: [""]\n  resources: [secrets]' in told


def test_the_error_that_ends_the_operator_names_all_that_is_missing() -> None:
    missing = asyncio.run(missing_rights(Reviewer(lambda _: False), Settings(namespaces=("one",))))
    error = refusal(missing)
    assert error.exit_code == 1
    assert all(right.name in str(error) for right in rights_of(Execution.IN_PROCESS))


def test_an_api_server_that_does_not_answer_is_an_error_and_no_missing_right() -> None:
    def fail(_: Asked) -> bool:
        raise ClusterUnavailable("the API server did not answer")

    with pytest.raises(SyncrampError, match="did not answer"):
        _missing(Reviewer(fail))
