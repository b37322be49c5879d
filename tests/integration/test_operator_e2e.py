"""The end-to-end tests are not dead where there is no cluster: here they run against the double."""

import os
import subprocess
import sys
from pathlib import Path

from support.kube_api import ADMIN_TOKEN, KubeApi
from support.kube_api_client import ROOT, cluster_at, write_kubeconfig
from support.kube_api_documents import BROKEN, MOVED, document
from syncramp.check import verdict_of
from syncramp.check.twins import TRANSITIONS, TWINS


def test_the_end_to_end_tests_pass_against_the_double(tmp_path: Path) -> None:
    with KubeApi().running() as api:
        kubeconfig = tmp_path / "kubeconfig"
        write_kubeconfig(kubeconfig, cluster_at(api.url).configuration, ADMIN_TOKEN)
        command = [sys.executable, "-m", "pytest", "tests/e2e", "--cluster", "-q", "-p", "no:cacheprovider"]
        environment = os.environ | {"KUBECONFIG": str(kubeconfig)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


def test_every_rule_of_the_crd_has_a_document_that_breaks_it_alone() -> None:
    rules = {rule for rule in TWINS if not rule[0].startswith("status")}
    assert {(broken.place, broken.rule) for broken in BROKEN} == rules
    assert {(moved.place, moved.rule) for moved in MOVED} == set(TRANSITIONS)
    for broken in BROKEN:
        assert len(verdict_of(document("broken", "identity", broken.patch))) == 1, broken.name
