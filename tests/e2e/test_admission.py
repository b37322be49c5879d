"""What a real API server does with the components ``approvals`` and ``webhook``; the double asks nobody else."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import yaml
from kubernetes import client

from support.api_servers import ApiServer
from support.kube_api_client import ROOT, Cluster, SyncConfigs, token_of_operator, until
from support.kube_api_documents import document
from support.manifests import MANIFESTS, built
from support.ports import free_port
from syncramp_operator.admission.webhook import NAME, Webhook
from syncramp_operator.api.cluster import Cluster as OperatorsCluster
from syncramp_operator.settings import Settings

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
APPROVALS = [
    f"syncramp.io/{name}"
    for name in ("accept-source", "adopt", "approve", "promote", "promote-full", "release", "resume", "retry")
]
FREE = [f"syncramp.io/{name}" for name in ("requestedAt", "forceAt", "planAt", "pause", "abort", "revert")]
EDITOR = [{"apiGroups": ["syncramp.io"], "resources": ["syncconfigs"], "verbs": ["get", "create", "update", "patch"]}]
BAD_DN = {"spec": {"sources": [{**document("x", "y")["spec"]["sources"][0], "scope": [{"dn": "OU=+"}]}]}}

Object = dict[str, Any]


@pytest.fixture(autouse=True)
def _only_real(server: ApiServer) -> None:
    if server.api is not None:
        pytest.skip("the double runs no admission of others: make e2e")


def _path(body: Object, namespace: str) -> str:
    plurals = {"NetworkPolicy": "networkpolicies", "ValidatingAdmissionPolicy": "validatingadmissionpolicies"}
    plural = plurals.get(body["kind"], f"{body['kind'].lower()}s")
    root = f"/apis/{body['apiVersion']}" if "/" in body["apiVersion"] else f"/api/{body['apiVersion']}"
    return f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"


@contextmanager
def applied(cluster: Cluster, bodies: list[Object]) -> Iterator[None]:
    """Objects that are there for a while; those of the whole cluster must not stay."""
    made = []
    try:
        for body in bodies:
            path = _path(body, body["metadata"].get("namespace", ""))
            cluster.done("POST", path, body)
            made.append(f"{path}/{body['metadata']['name']}")
        yield
    finally:
        for path in made:
            cluster.ask("DELETE", path)


@contextmanager
def account(server: ApiServer, namespace: str, name: str, role: Object) -> Iterator[SyncConfigs]:
    """SyncConfigs as somebody sees them who has a role."""
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": role["kind"], "name": role["metadata"]["name"]}
    place = {"name": name, "namespace": namespace}
    bodies: list[Object] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": place},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": place,
            "roleRef": reference,
            "subjects": [subject],
        },
    ]
    with applied(server.cluster, bodies):
        seen = Cluster(_with_token(server, token_of_operator(server.cluster, namespace, name)))
        with closing(seen):
            yield SyncConfigs(seen, namespace)


def _with_token(server: ApiServer, token: str) -> client.Configuration:
    made = client.Configuration(host=server.configuration.host)
    made.ssl_ca_cert, made.verify_ssl = server.configuration.ssl_ca_cert, server.configuration.verify_ssl
    made.api_key = {"authorization": f"Bearer {token}"}
    return made


def annotated(configs: SyncConfigs, name: str, annotations: Object) -> tuple[int, Any]:
    return configs.try_change(name, {"metadata": {"annotations": annotations}})


def test_an_approval_needs_a_right_of_its_own(server: ApiServer, namespace: str, configs: SyncConfigs) -> None:
    editor = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "editor", "namespace": namespace},
        "rules": EDITOR,
    }
    bodies = built(MANIFESTS / "components/approvals")
    (approver,) = [body for body in bodies if body["kind"] == "ClusterRole"]
    with (
        applied(server.cluster, [*bodies, editor]),
        account(server, namespace, "editor", editor) as edits,
        account(server, namespace, "approver", approver) as approves,
    ):
        edits.create(document("approved", namespace))
        until(lambda: annotated(edits, "approved", {APPROVALS[0]: uuid4().hex})[0], lambda code: code == 403)
        for name in APPROVALS:
            code, answer = annotated(edits, "approved", {name: "a"})
            assert (code, answer["reason"]) == (403, "Forbidden")
            assert answer["message"].endswith(f"who sets {name} needs the verb approve on syncconfigs.syncramp.io")
        assert annotated(edits, "approved", dict.fromkeys(FREE, "a"))[0] == 200
        assert annotated(approves, "approved", dict.fromkeys(APPROVALS, "a"))[0] == 200
        assert annotated(edits, "approved", {"example.com/other": "a"})[0] == 200
        assert edits.try_change("approved", {"spec": {"mode": "Plan"}})[0] == 200
        code, answer = annotated(edits, "approved", dict.fromkeys(APPROVALS, "b"))
        assert code == 403
        assert f"who sets {', '.join(APPROVALS)} needs" in answer["message"]
        assert annotated(edits, "approved", dict.fromkeys(APPROVALS))[0] == 200
        born = document("born-approved", namespace)
        born["metadata"]["annotations"] = {APPROVALS[1]: "a"}
        assert edits.try_create(born)[0] == 403
        configs.create(born)
    configs.delete("approved")
    configs.delete("born-approved")


@contextmanager
def webhook(server: ApiServer, namespace: str, folder: Path) -> Iterator[int]:
    """The webhook of an operator with its rights only; the port that it listens on."""
    port, loop, ended = free_port(), asyncio.new_event_loop(), threading.Event()
    configuration = _with_token(server, token_of_operator(server.cluster, namespace))
    stop = asyncio.Event()

    async def run() -> None:
        hook = Webhook(OperatorsCluster(configuration), Settings(home=namespace, webhook_port=port, runtime=folder))
        await hook.start()
        await stop.wait()
        await hook.end()
        await asyncio.sleep(0.25)  # its TLS connections are closed in the background

    def work() -> None:
        loop.run_until_complete(run())
        ended.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        assert ended.wait(30)
        thread.join()
        loop.close()


def _component(namespace: str, port: int) -> list[Object]:
    """The component, with a Service that leads the API server to this machine."""
    bodies = []
    for name in ("validatingwebhookconfiguration", "service", "role", "rolebinding"):
        bodies += yaml.safe_load_all((MANIFESTS / f"components/webhook/{name}.yaml").read_text(encoding="utf-8"))
    for body in bodies:
        for place in (body["metadata"], *body.get("subjects", ())):
            place.update({"namespace": namespace} if "namespace" in place else {})
        if body["kind"] == "Service":
            body["spec"] = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}
        if body["kind"] == "ValidatingWebhookConfiguration":
            body["webhooks"][0]["clientConfig"]["service"] |= {"namespace": namespace, "port": port}
    return bodies


def test_the_webhook_refuses_what_a_schema_cannot_and_stands_in_nobodys_way(
    server: ApiServer, namespace: str, configs: SyncConfigs, tmp_path: Path
) -> None:
    if urlsplit(server.configuration.host).hostname not in ("127.0.0.1", "localhost"):
        pytest.skip("the API server must reach this machine")
    with webhook(server, namespace, tmp_path) as port, applied(server.cluster, _component(namespace, port)):
        configuration = f"{ADMISSION}/validatingwebhookconfigurations/{NAME}"
        until(
            lambda: server.cluster.done("GET", configuration)["webhooks"][0]["clientConfig"].get("caBundle"),
            bool,
        )
        dry = f"/apis/syncramp.io/v1alpha1/namespaces/{namespace}/syncconfigs?dryRun=All"
        bad = document("bad", namespace, BAD_DN)
        until(lambda: server.cluster.ask("POST", dry, bad)[0], lambda code: code == 422)
        code, answer = configs.try_create(bad)
        assert code == 422
        start = 'admission webhook "syncconfigs.syncramp.io" denied the request: the document is not acceptable:\n'
        assert answer["message"].startswith(f"{start}  spec.sources[0].scope[0].dn: ")
        configs.create(document("good", namespace))
        code, answer = configs.try_change("good", BAD_DN)
        assert code == 422, answer
        assert configs.try_change("good", {"spec": {"mode": "Plan"}})[0] == 200
    with applied(server.cluster, _component(namespace, free_port())):
        configs.create(bad)
        assert annotated(configs, "bad", {"syncramp.io/requestedAt": "now"})[0] == 200
    configs.delete("bad")
    configs.delete("good")


def test_the_single_file_is_taken_whole_by_a_server_that_enforces_its_pod_security(server: ApiServer) -> None:
    """Everything but the CRDs, which are there already, as a dry run."""
    listed = yaml.safe_load_all((ROOT / "manifests/install.yaml").read_text(encoding="utf-8"))
    for body in listed:
        if body["kind"] in ("CustomResourceDefinition", "Namespace"):
            continue
        namespace = "default" if body["metadata"].pop("namespace", "") else ""
        path = _path(body, namespace)
        code, answer = server.cluster.ask("POST", f"{path}?dryRun=All&fieldValidation=Strict", body)
        assert code == 201, answer
