"""The webhook as a server over TLS, with its certificate in an API server that enforces the committed rights."""

import asyncio
import base64
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from support.kube_api import ADMIN_TOKEN, KubeApi
from support.kube_api_client import cluster_at, install_rights, token_of_operator, until
from support.kube_api_documents import document
from support.ports import free_port
from syncramp_operator.admission.certificates import RENEWED, VALID, Serving
from syncramp_operator.admission.review import LARGEST
from syncramp_operator.admission.webhook import NAME, Trust, Webhook
from syncramp_operator.api.cluster import Cluster, ClusterRefused
from syncramp_operator.api.resources import SECRETS, WEBHOOKS, Resource
from syncramp_operator.settings import Settings

HOME = "identity"
SERVER = f"{NAME}.{HOME}.svc"
FOLDER = Path(__file__).parents[2] / "manifests/components/webhook"
RBAC = "rbac.authorization.k8s.io"
PLACES = {
    kind: Resource(RBAC, "v1", f"{kind.lower()}s", kind)
    for kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
}


def configured(url: str, token: str) -> Cluster:
    configuration = client.Configuration(host=url)
    configuration.api_key = {"authorization": f"Bearer {token}"}
    return Cluster(configuration)


@dataclass(frozen=True)
class Bench:
    """An API server with the component of the manifests in the namespace of the operator."""

    api: KubeApi
    admin: Cluster
    operator: Cluster
    """With the rights of its account only."""

    def bundle(self) -> bytes:
        (hook,) = self.admin.get(WEBHOOKS, "", NAME)["webhooks"]
        return base64.b64decode(hook["clientConfig"].get("caBundle", ""))

    def secret(self) -> dict[str, bytes]:
        data = self.admin.get(SECRETS, HOME, NAME)["data"]
        return {key: base64.b64decode(value) for key, value in data.items()}


@pytest.fixture
def bench() -> Iterator[Bench]:
    with KubeApi((HOME,)).running() as api:
        admin = configured(api.url, ADMIN_TOKEN)
        install_rights(cluster_at(api.url), HOME)
        for file in ("role.yaml", "rolebinding.yaml"):
            for manifest in yaml.safe_load_all((FOLDER / file).read_text(encoding="utf-8")):
                for one in (manifest["metadata"], *manifest.get("subjects", ())):
                    one.update({"namespace": HOME} if "namespace" in one else {})
                admin.create(PLACES[manifest["kind"]], manifest["metadata"].get("namespace", ""), manifest)
        admin.create(WEBHOOKS, "", configuration())
        yield Bench(api, admin, configured(api.url, token_of_operator(cluster_at(api.url), HOME)))


def configuration() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "validatingwebhookconfiguration.yaml").read_text("utf-8"))
    return found


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATE = NOW + VALID - RENEWED


def test_the_first_replica_makes_the_certificate_and_the_second_takes_it(bench: Bench) -> None:
    first = Trust(bench.operator, HOME).serving()
    second = Trust(bench.operator, HOME).serving()
    assert first == second
    assert bench.secret() == {"ca.crt": first.authorities, "tls.crt": first.certificate, "tls.key": first.key}


def test_who_comes_second_takes_what_the_first_one_made_meanwhile(bench: Bench) -> None:
    trusts = Trust(bench.operator, HOME), Trust(bench.operator, HOME)

    class Late(Cluster):
        """It does not see what was made just now."""

        def __init__(self) -> None:
            self.seen = 0

        def get(self, resource: Resource, namespace: str, name: str) -> Any:
            self.seen += 1
            if self.seen == 1:
                trusts[0].serving()
                return bench.operator.get(resource, namespace, "none")
            return bench.operator.get(resource, namespace, name)

        def create(self, *args: Any) -> Any:
            return bench.operator.create(*args)

    late = Late()
    assert Trust(late, HOME).serving() == trusts[1].serving()
    assert late.seen == 2


def test_it_is_made_anew_once_before_it_ends_and_both_authorities_are_trusted(bench: Bench) -> None:
    first = Trust(bench.operator, HOME, at(NOW)).serving()
    second = Trust(bench.operator, HOME, at(LATE)).serving()
    assert second.certificate != first.certificate
    assert first.authorities in second.authorities
    assert Trust(bench.operator, HOME, at(LATE + timedelta(days=1))).serving() == second


def test_two_replicas_that_make_it_anew_at_once_end_with_one_certificate(bench: Bench) -> None:
    Trust(bench.operator, HOME, at(NOW)).serving()
    other = Trust(bench.operator, HOME, at(LATE))

    class Slow(Cluster):
        """Another replica writes between its reading and its writing."""

        def __init__(self) -> None:
            pass

        def get(self, *args: Any) -> Any:
            return bench.operator.get(*args)

        def replace(self, *args: Any) -> Any:
            other.serving()
            return bench.operator.replace(*args)

    assert Trust(Slow(), HOME, at(LATE)).serving() == other.serving()


def test_what_somebody_spoiled_is_made_anew(bench: Bench) -> None:
    Trust(bench.operator, HOME).serving()
    bench.admin.patch(SECRETS, HOME, NAME, {"data": {"tls.key": base64.b64encode(b"no key").decode()}})
    mended = Trust(bench.operator, HOME).serving()
    assert mended.good(SERVER, datetime.now(UTC))
    bench.admin.patch(SECRETS, HOME, NAME, {"data": None})
    assert Trust(bench.operator, HOME).serving().good(SERVER, datetime.now(UTC))


def test_the_api_server_is_told_once_and_nothing_else_of_the_configuration_changes(bench: Bench) -> None:
    trust = Trust(bench.operator, HOME)
    trust.tell(trust.serving())
    assert bench.bundle() == trust.serving().authorities
    told = bench.admin.get(WEBHOOKS, "", NAME)
    trust.tell(trust.serving())
    assert bench.admin.get(WEBHOOKS, "", NAME) == told
    del told["webhooks"][0]["clientConfig"]["caBundle"]
    (hook,) = configuration()["webhooks"]
    assert told["webhooks"][0].items() >= {**hook, "clientConfig": hook["clientConfig"]}.items()


def test_without_the_component_the_operator_may_do_nothing_of_this(bench: Bench) -> None:
    bench.admin.delete(PLACES["RoleBinding"], HOME, NAME)
    with pytest.raises(ClusterRefused, match="give the service account this right"):
        Trust(bench.operator, HOME).serving()


class Caller:
    """As the API server calls: by the Service's name, with the bundle of the configuration."""

    def __init__(self, port: int, bundle: bytes) -> None:
        self._port, self._bundle = port, bundle

    def post(self, body: bytes, path: str = "/validate") -> tuple[int, Any]:
        context = ssl.create_default_context(cadata=self._bundle.decode())
        connection = HTTPSConnection("127.0.0.1", self._port, timeout=30)
        with socket.create_connection(("127.0.0.1", self._port), 30) as plain:
            connection.sock = context.wrap_socket(plain, server_hostname=SERVER)
            with closing(connection):
                connection.request("POST", path, body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                text = response.read()
        is_json = response.headers.get_content_type() == "application/json"
        return response.status, json.loads(text) if is_json else text.decode()

    def ask(self, new: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, Any]:
        request = {"uid": "u", "operation": "CREATE", "object": new, "oldObject": old}
        status, review = self.post(json.dumps({"kind": "AdmissionReview", "request": request}).encode())
        assert status == 200, review
        return dict(review["response"])


async def serving(bench: Bench, port: int, use: Callable[[], None], runtime: Path) -> None:
    webhook = Webhook(bench.operator, Settings(home=HOME, webhook_port=port, runtime=runtime))
    await webhook.start()
    try:
        await asyncio.to_thread(until, bench.bundle, bool)
        await asyncio.to_thread(use)
    finally:
        await webhook.end()


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def test_the_webhook_answers_over_tls_and_ends_in_order(bench: Bench, tmp_path: Path) -> None:
    port = free_port()

    def use() -> None:
        until(lambda: listens(port), bool)
        caller = Caller(port, bench.bundle())
        assert caller.ask(document("good", HOME)) == {"uid": "u", "allowed": True}
        bad = document("bad", HOME, {"spec": {"sources": [{"name": "corp", "ldif": {"path": "a"}, "scope": []}]}})
        assert caller.ask(bad)["allowed"] is False
        assert caller.post(b"{")[0] == 400
        assert caller.post(b"[]")[0] == 400
        assert caller.post(b"{}", "/other")[0] == 404
        assert caller.post(b" " * (LARGEST + 1))[0] == 413

    asyncio.run(serving(bench, port, use, tmp_path))
    assert not listens(port)
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_that_another_replica_made_anew_is_served_without_a_restart(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncramp_operator.admission.webhook.LOOK", 0.05)
    port = free_port()

    def use() -> None:
        until(lambda: listens(port), bool)
        fresh = Serving.made(SERVER, datetime.now(UTC))
        assert not trusted(port, fresh.authorities)
        parts = {"ca.crt": fresh.authorities, "tls.crt": fresh.certificate, "tls.key": fresh.key}
        data = {key: base64.b64encode(part).decode() for key, part in parts.items()}
        bench.admin.patch(SECRETS, HOME, NAME, {"data": data})
        until(lambda: trusted(port, fresh.authorities), bool)
        assert bench.bundle() == fresh.authorities

    asyncio.run(serving(bench, port, use, tmp_path))


def trusted(port: int, authority: bytes) -> bool:
    try:
        return bool(Caller(port, authority).ask(document("good", HOME))["allowed"])
    except ssl.SSLCertVerificationError:
        return False


def test_without_its_rights_the_webhook_says_so_and_the_operator_goes_on(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("syncramp_operator.admission.webhook.RETRY", 0.05)
    role = bench.admin.get(PLACES["RoleBinding"], HOME, NAME)
    bench.admin.delete(PLACES["RoleBinding"], HOME, NAME)
    port = free_port()

    async def live() -> None:
        webhook = Webhook(bench.operator, Settings(home=HOME, webhook_port=port, runtime=tmp_path))
        await webhook.start()
        await asyncio.to_thread(until, lambda: "secrets" in caplog.text, bool)
        assert not listens(port)
        del role["metadata"]["resourceVersion"], role["metadata"]["uid"]
        bench.admin.create(PLACES["RoleBinding"], HOME, role)
        await asyncio.to_thread(until, lambda: listens(port), bool)
        await webhook.end()

    asyncio.run(live())
    assert "give the service account this right" in caplog.text
