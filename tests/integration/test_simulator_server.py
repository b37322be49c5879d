"""The simulator as a process of its own: how it starts, what it answers over the wire, and how it ends."""

import ssl
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGINT, SIGTERM
from uuid import uuid4

import httpx
import pytest

from support.build import CLIENT, TENANT
from support.simulator import HandClock, group, put
from support.walk import PATIENCE, SYNCRAMP, Done, Walk, run_command, until
from syncramp.cli.simulator import write_secrets
from syncramp.endpoint import contract, soap
from syncramp.endpoint.client import V2Endpoint
from syncramp.endpoint.clouds import PATH, SYNC_RESOURCE
from syncramp.errors import CallTooLarge, SyncrampError
from syncramp.model.wire import Outcome, Result, SyncObject
from syncramp.simulator.grants import PUBLIC_CLIENTS
from syncramp.simulator.server import make_simulator, running_simulator
from syncramp.simulator.settings import TenantSettings
from syncramp.spec.references import KeyRef
from syncramp.spec.secrets import FileSecrets
from syncramp.spec.sign_in import CertificateAuth
from syncramp.spec.types import (
    Cloud,
    EndpointOverrides,
    Target,
    WriteBudget,
)

QUICK = ("--visibility-delay", "0", "--writes-per-five-minutes", "0")


@dataclass
class Running:
    """A simulator that listens."""

    process: subprocess.Popen[str]
    folder: Path
    said: list[str]
    """Its first lines."""

    @property
    def host(self) -> str:
        return self.said[0].split("https://")[1].split("/")[0]

    @property
    def url(self) -> str:
        return f"https://{self.host}{PATH}"

    @contextmanager
    def http(self) -> Iterator[httpx.Client]:
        authority = (self.folder / "secrets" / "simulator-ca" / "ca.crt").read_text()
        with httpx.Client(verify=ssl.create_default_context(cadata=authority), trust_env=False) as client:
            yield client

    def endpoint(self, build: str = "2.6.92.0") -> AbstractContextManager[V2Endpoint]:
        return endpoint(self.folder, self.host, [], build)

    def end(self, number: int | None = None) -> Done:
        if number is not None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        return Done(self.process.returncode, out, err)


@contextmanager
def endpoint(folder: Path, host: str, notes: list[str], build: str = "2.6.92.0") -> Iterator[V2Endpoint]:
    """The product's own client, signed in with the certificate that the simulator wrote."""
    overrides = EndpointOverrides(
        host=host,
        authority=f"https://{host}",
        build_number=build,
        ca=KeyRef("simulator-ca", "ca.crt"),
        visibility_delay=timedelta(),
    )
    auth = CertificateAuth(CLIENT, "entra-sync")
    target = Target(Cloud.COMMERCIAL, TENANT, auth, overrides, WriteBudget(1_000_000, 100))
    made = V2Endpoint(target, FileSecrets(folder / "secrets"), note=notes.append, busy_first=0.001)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def simulator(folder: Path, *options: str) -> Iterator[Running]:
    command = [*SYNCRAMP, "simulator", "--directory", str(folder), *(options or QUICK)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            said = [process.stdout.readline()]
            assert said[0], process.communicate()[1]
            said += [process.stdout.readline(), process.stdout.readline()]
            yield Running(process, folder, said)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with simulator(tmp_path_factory.mktemp("quick")) as running:
        yield running


def _people(first: int, last: int) -> list[SyncObject]:
    return [put(f"P{number:07}") for number in range(first, last)]


def _results(outcomes: Sequence[Outcome]) -> set[Result]:
    return {outcome.result for outcome in outcomes}


def test_it_prints_where_it_listens_and_where_its_secrets_are(quick: Running) -> None:
    host, port = quick.host.split(":")
    assert host == "127.0.0.1" and int(port) > 1023
    assert quick.said[0] == f"listening on {quick.url}\n"
    assert quick.said[1] == f"tenant {TENANT}, application {CLIENT}\n"
    assert quick.said[2].endswith(f"are in {quick.folder / 'secrets'}\n")
    key = quick.folder / "secrets" / "entra-sync" / "tls.key"
    assert key.stat().st_mode & 0o777 == 0o600


def test_every_secret_is_for_its_owner_alone_and_none_is_printed(quick: Running) -> None:
    files = {path.relative_to(quick.folder / "secrets"): path for path in quick.folder.glob("secrets/entra-sync*/*")}
    assert {str(name) for name in files} >= {
        "entra-sync/keystore.p12",
        "entra-sync/password",
        "entra-sync-secret/clientSecret",
        "entra-sync-token/token",
        "entra-sync-account/username",
        "entra-sync-account/password",
    }
    for name, path in files.items():
        assert path.stat().st_mode & 0o077 == 0, name
        if name.name in ("password", "clientSecret", "token"):
            assert path.read_text() not in "".join(quick.said)


def test_its_flags_for_signing_in_are_those_of_its_issuer(tmp_path: Path) -> None:
    flags = ("--certificate-days", "10", "--multifactor", "--token-lifetime", "77")
    with simulator(tmp_path, *flags) as running, running.http() as http:
        with running.endpoint() as client:
            client.company()
            assert client.certificate_until is not None
            assert timedelta(days=9) < client.certificate_until - datetime.now(UTC) < timedelta(days=10)
        secrets = tmp_path / "secrets"
        token = f"https://{running.host}/{TENANT}/oauth2/v2.0/token"
        form = {"client_id": CLIENT, "scope": f"{SYNC_RESOURCE}/.default"}
        shown = {"client_secret": (secrets / "entra-sync-secret" / "clientSecret").read_text()}
        given = http.post(token, data={**form, **shown, "grant_type": "client_credentials"}).json()
        assert given["expires_in"] == 77
        account = {name: (secrets / "entra-sync-account" / name).read_text() for name in ("username", "password")}
        form["client_id"] = PUBLIC_CLIENTS[0]
        assert http.post(token, data={**form, **account, "grant_type": "password"}).json()["error_codes"] == [50076]


def test_a_browser_gets_an_answer_that_says_what_this_is(quick: Running) -> None:
    with quick.http() as client:
        answer = client.get(quick.url)
    assert answer.status_code == 200
    assert "simulated V2 endpoint" in answer.text


def test_another_content_type_is_refused(quick: Running) -> None:
    with quick.http() as client:
        for kind in ("application/soap+xml", "text/xml", "application/octet-stream"):
            answer = client.post(quick.url, content=b"<x/>", headers={"Content-Type": kind})
            assert answer.status_code == 415
            assert soap.CONTENT_TYPE in answer.text


def test_bytes_that_are_no_message_are_a_fault_of_the_sender(quick: Running) -> None:
    with quick.http() as client:
        for body in (b"", b"<html/>", b"\x56\x02\x0b", bytes(range(256)) * 40):
            answer = client.post(quick.url, content=body, headers={"Content-Type": soap.CONTENT_TYPE})
            fault = contract.read_fault(soap.open_envelope(answer.content).body)
            assert answer.status_code == 500
            assert fault is not None and fault.sender


@pytest.mark.parametrize("token", ["", "nonsense", "eyJhbGciOiJub25lIn0.e30."])
def test_a_wrong_token_is_a_fault_and_reaches_nothing(quick: Running, token: str) -> None:
    header = soap.SyncToken(token, "2.6.92.0", uuid4())
    body = soap.request(contract.PROVISION, contract.provision(_people(900, 901)), header, quick.url)
    with quick.http() as client:
        answer = client.post(quick.url, content=body, headers={"Content-Type": soap.CONTENT_TYPE})
    fault = contract.read_fault(soap.open_envelope(answer.content).body)
    assert answer.status_code == 500
    assert fault is not None and fault.text == contract.ACCESS_DENIED_TEXT
    with quick.endpoint() as client:
        assert not any(obj.values.get("SourceAnchor") == "P0000900" for obj in _everything(client))


def _everything(client: V2Endpoint) -> list[SyncObject]:
    return [obj for page in client.read_back(None) for obj in page.objects]


def test_the_product_signs_in_with_the_certificate_it_wrote(quick: Running) -> None:
    with quick.endpoint() as client:
        assert client.company().tenant_id == TENANT


def test_an_old_build_is_refused_and_the_oldest_accepted_one_is_not(tmp_path: Path) -> None:
    with simulator(tmp_path, *QUICK, "--minimum-build", "2.5.79.0") as running:
        with running.endpoint("2.5.79.0") as client:
            client.company()
        with running.endpoint("2.5.78.9") as client, pytest.raises(SyncrampError, match=r"accepts 2\.5\.79\.0"):
            client.company()


def test_a_minimum_build_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    done = run_command("simulator", "--directory", str(tmp_path), "--minimum-build", "new")
    assert (done.code, done.out) == (3, "")
    assert done.err == "error: --minimum-build: 'new' is no build; write it as 2.4.21.0\n"


def test_the_tenant_of_a_file_survives_a_restart(tmp_path: Path) -> None:
    options = (*QUICK, "--tenant", str(tmp_path / "tenant.db"))
    with simulator(tmp_path, *options) as running:
        walk = Walk(tmp_path, running.host)
        assert walk.sync().code == 0
        assert running.end(SIGTERM).code == 0
    with simulator(tmp_path, *options) as running:
        again = Walk(tmp_path, running.host).sync("-o", "json")
        assert again.code == 0
        assert (again.json["writes"], again.json["confirmed"]) == (0, 4)
        with running.endpoint() as client:
            assert len([obj for obj in _everything(client) if "SourceAnchor" in obj.values]) == 4


@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
def test_a_signal_ends_it_well(tmp_path: Path, number: int) -> None:
    with simulator(tmp_path) as running, running.endpoint() as client:
        client.company()  # a connection is kept open
        assert running.end(number) == Done(0, "", "")


def test_with_parent_it_ends_with_standard_input_and_not_at_ctrl_c(tmp_path: Path) -> None:
    with simulator(tmp_path, *QUICK, "--with-parent") as running:
        running.process.send_signal(SIGINT)
        with running.endpoint() as client:
            client.company()
        assert running.end() == Done(0, "", ""), "communicate closes its standard input"


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path, quick: Running) -> None:
    port = quick.host.split(":")[1]
    done = run_command("simulator", "--directory", str(tmp_path), "--port", port)
    assert (done.code, done.out) == (1, "")
    (line,) = done.err.splitlines()
    assert line.startswith("error: ") and port in line and "name a free port" in line


def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run_command("simulator", "--directory", str(tmp_path / "file"))
    assert (done.code, done.out) == (3, "")
    (line,) = done.err.splitlines()
    assert line.startswith("error: ") and "--directory" in line


def test_a_tenant_file_that_is_garbage_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "tenant.db").write_bytes(b"no database at all" * 100)
    done = run_command("simulator", "--directory", str(tmp_path), "--tenant", str(tmp_path / "tenant.db"))
    (line,) = done.err.splitlines()
    assert (done.code, done.out) == (3, "")
    assert line.startswith("error: ") and str(tmp_path / "tenant.db") in line


def test_a_client_waits_while_the_tenant_is_busy_and_then_goes_on(tmp_path: Path) -> None:
    clock = HandClock()
    settings = TenantSettings(TENANT, visibility_delay=0.0, writes_per_five_minutes=5)
    made = make_simulator(settings, client_id=CLIENT, clock=clock)
    with running_simulator(made):
        write_secrets(made, tmp_path)
        notes: list[str] = []
        with endpoint(tmp_path, made.host, notes) as client, ThreadPoolExecutor(1) as pool:
            assert _results(client.provision(_people(0, 5))) == {Result.APPLIED}
            waiting = pool.submit(client.provision, _people(5, 6))
            until(lambda: any("the service is busy" in note for note in notes))
            assert made.tenant.count() == 5 and not waiting.done()
            clock.now += 301.0
            assert _results(waiting.result(PATIENCE)) == {Result.APPLIED}
    assert made.tenant.calls["busy"] > 0


def test_more_links_than_a_call_may_have_are_refused_and_nothing_of_it_is_written(tmp_path: Path) -> None:
    with simulator(tmp_path, *QUICK, "--links-per-call", "3") as running, running.endpoint() as client:
        client.provision(_people(0, 4))
        with pytest.raises(CallTooLarge, match="4 links; 3 are allowed"):
            client.provision([group("G", [f"P{number:07}" for number in range(4)])])
        assert client.company().max_links == 3
        with pytest.raises(ValueError, match="the tenant allows 3"):
            client.provision([group("G", [f"P{number:07}" for number in range(4)])])
        assert "G" not in {obj.values.get("SourceAnchor") for obj in _everything(client)}
        assert _results(client.provision([group("G", ["P0000000", "P0000001", "P0000002"])])) == {Result.APPLIED}


def test_more_members_than_a_group_may_have_are_refused(tmp_path: Path) -> None:
    with simulator(tmp_path, *QUICK, "--members", "3") as running, running.endpoint() as client:
        client.provision(_people(0, 4))
        client.provision([group("G", ["P0000000", "P0000001", "P0000002"])])
        (outcome,) = client.provision([group("G", ["P0000003"])])
        assert outcome.result is Result.REFUSED
        assert "member count exceeded" in outcome.description
        (swapped,) = client.provision([group("G", ["P0000003"], ["P0000000"])])
        assert swapped.result is Result.APPLIED


def test_more_objects_than_a_call_may_have_are_refused(tmp_path: Path) -> None:
    with simulator(tmp_path, *QUICK, "--objects-per-call", "2") as running, running.endpoint() as client:
        with pytest.raises(CallTooLarge, match="3 objects; 2 are allowed"):
            client.provision(_people(0, 3))
        assert _results(client.provision(_people(0, 2))) == {Result.APPLIED}
