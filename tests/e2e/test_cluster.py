"""The CRD and the operator in a real cluster. The same scenarios run against the double in tests/integration."""

from pathlib import Path
from typing import Any

import pytest

from support.kube_api_client import ROOT, SyncConfigs, operator_process
from support.kube_api_documents import BROKEN, MISSHAPEN, MOVED, Broken
from support.kube_api_scenarios import (
    every_rule_refuses_with_the_words_of_validate,
    good_documents_are_stored_with_their_defaults,
    the_schema_refuses_where_validate_does,
    the_verdict_follows_the_document,
    what_must_not_change_is_refused,
)


def test_the_cluster_stores_good_documents_with_their_defaults(configs: SyncConfigs) -> None:
    good_documents_are_stored_with_their_defaults(configs, ROOT / "examples")


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_the_cluster_refuses_with_the_words_of_validate(configs: SyncConfigs, broken: Broken) -> None:
    every_rule_refuses_with_the_words_of_validate(configs, broken)


@pytest.mark.parametrize("moved", MOVED, ids=lambda moved: moved.name)
def test_the_cluster_refuses_changes_of_what_is_immutable(configs: SyncConfigs, moved: Broken) -> None:
    what_must_not_change_is_refused(configs, moved)


@pytest.mark.parametrize(("field", "patch"), MISSHAPEN)
def test_the_cluster_refuses_a_wrong_shape_where_validate_does(
    configs: SyncConfigs, field: str, patch: dict[str, Any]
) -> None:
    the_schema_refuses_where_validate_does(configs, field, patch)


def test_the_operator_judges_with_the_rights_of_its_role_alone(
    configs: SyncConfigs, namespace: str, kubeconfig: Path, tmp_path: Path
) -> None:
    with operator_process(kubeconfig, namespace, tmp_path / "operator.log"):
        the_verdict_follows_the_document(configs)
