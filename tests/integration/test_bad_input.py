"""Bad input from the side of the directories: Secrets, files, servers and the store, by the real command line.

Each case breaks one thing after a first good run and looks at four: one clear line and the exit code, nothing lost in
the tenant, a store that tells the truth, and a next run that repairs once the thing is mended. What is alike in many
cases is run in this process, since starting one takes longer than a run.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.build import BASE
from support.cutting_proxy import cutting_proxy
from support.ldap_certificates import issue
from support.slapd import PASSWORD, Slapd, requires_slapd, slapd
from support.walk import Done, Forest, Gate, Walk, anchor, run_command, until, walking

CLIENT_SECRET = "entra-sync-secret/clientSecret"
MANY = 1100
"""More people than fit on one page of a directory server."""


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as made:
        yield made


def _with_a_first_run(walk: Walk) -> None:
    """A run that went well, and a change that the next one should bring."""
    assert walk.here().code == 0
    walk.forest.people[4] = {}
    walk.forest.groups[101] = [2, 4]
    walk.write()


def _sync(walk: Walk, *options: str) -> Done:
    """A run on what lies in the folder now, broken as it may be."""
    return walk.run("sync", str(walk.document), *options)


def _assert_untouched(walk: Walk) -> None:
    assert walk.in_cloud() == {anchor(number) for number in (1, 2, 3, 101)}
    assert walk.tenant.members(anchor(101)) == {anchor(1), anchor(2)}
    walk.assert_state_true()


def _assert_repaired(walk: Walk) -> None:
    assert walk.here().code == 0
    walk.assert_cloud_matches()
    walk.assert_state_true()


# --- Secrets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        (CLIENT_SECRET, None, 3, ("secrets/entra-sync-secret/clientSecret: ", "No such file", "--secrets")),
        (CLIENT_SECRET, b"", 3, ("Secret entra-sync-secret, key clientSecret: the key is empty",)),
        (CLIENT_SECRET, b"\n", 3, ("Secret entra-sync-secret, key clientSecret: the key is empty",)),
        (CLIENT_SECRET, b"\xff\xfe\x00", 3, ("Secret entra-sync-secret, key clientSecret", "no UTF-8 text")),
        (CLIENT_SECRET, b"not-the-one", 1, ("127.0.0.1", "AADSTS7000215: Invalid client secret", "spec.target.auth")),
        ("simulator-ca/ca.crt", None, 3, ("secrets/simulator-ca/ca.crt: ", "No such file")),
        ("simulator-ca/ca.crt", b"no certificate", 3, ("spec.target.endpoint.ca: ", "no PEM certificate")),
    ],
    ids=["missing", "empty", "a line end", "bytes", "another secret", "no CA", "a CA that is none"],
)
def test_a_secret_that_is_not_what_it_should_be(
    walk: Walk, name: str, content: bytes | None, code: int, words: tuple[str, ...]
) -> None:
    _with_a_first_run(walk)
    path = walk.folder / "secrets" / name
    good = path.read_bytes()
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    walk.again().assert_error(code, *words)
    _assert_untouched(walk)
    path.write_bytes(good)
    _assert_repaired(walk)


@pytest.mark.parametrize(
    ("file", "code", "words"),
    [
        ("tls.key", 3, ("Secret entra-sync: it holds no certificate of its key",)),
        ("tls.crt", 3, ("Secret entra-sync: it holds no certificate of its key",)),
        ("both", 1, ("AADSTS700027", "not registered", "add the certificate to the application's registration")),
        (None, 3, ("Secret entra-sync: tls.key holds no PEM key",)),
    ],
    ids=["the key of another", "the certificate of another", "both of another", "no key at all"],
)
def test_a_certificate_and_a_key_that_do_not_serve(
    walk: Walk, file: str | None, code: int, words: tuple[str, ...]
) -> None:
    walk.spec["target"]["auth"] = {
        "certificate": {
            "clientID": walk.spec["target"]["auth"]["clientSecret"]["clientID"],
            "secretRef": {"name": "entra-sync"},
        }
    }
    _with_a_first_run(walk)
    folder = walk.folder / "secrets" / "entra-sync"
    good = {path: path.read_bytes() for path in folder.iterdir()}
    if file is None:
        (folder / "tls.key").write_text("-----BEGIN PRIVATE KEY-----\nnot-a-key\n-----END PRIVATE KEY-----\n")
    else:
        for name, content in _another_pair().items():
            if file in (name, "both"):
                (folder / name).write_bytes(content)
    walk.again().assert_error(code, *words)
    _assert_untouched(walk)
    for path, content in good.items():
        path.write_bytes(content)
    _assert_repaired(walk)


def _another_pair() -> dict[str, bytes]:
    from syncramp.simulator.certificates import make_certificates

    pair = make_certificates("somebody else").application
    return {"tls.crt": pair.certificate, "tls.key": pair.key}


def test_an_application_or_a_tenant_that_the_issuer_does_not_know(walk: Walk) -> None:
    target = walk.spec["target"]
    right = target["tenantID"], dict(target["auth"]["clientSecret"])
    target["auth"]["clientSecret"]["clientID"] = "0b1c2d3e-0000-4000-8000-0000000000ff"
    walk.sync().assert_error(1, "client 0b1c2d3e-0000-4000-8000-0000000000ff: ", "AADSTS700016", "spec.target.auth")
    target["auth"]["clientSecret"] = right[1]
    target["tenantID"] = "57cf9f28-0000-4000-8000-000000000000"
    other = str(walk.folder / "other.db")
    walk.sync("--state", other).assert_error(1, walk.host, "AADSTS90002", "spec.target.tenantID")
    target["tenantID"] = right[0]
    assert not walk.in_cloud()
    _assert_repaired(walk)


# --- LDIF files -----------------------------------------------------------------------------------------------------


def _missing(ldif: Path) -> None:
    ldif.unlink()


def _folder(ldif: Path) -> None:
    ldif.unlink()
    ldif.mkdir()


def _unreadable(ldif: Path) -> None:
    ldif.chmod(0)


def _cut_in_a_record(ldif: Path) -> None:
    text = ldif.read_text()
    ldif.write_text(text[: text.index("dn: CN=Group 101") + 40])


def _cut_between_records(ldif: Path) -> None:
    text = ldif.read_text()
    ldif.write_text(text[: text.index("dn: CN=Group 101")])


def _garbage(ldif: Path) -> None:
    data = ldif.read_bytes()
    middle = data.index(b"dn: CN=User 3")
    ldif.write_bytes(data[:middle] + b"\x00\xff\xfe not LDIF\n\n" + data[middle:])


def _broken(ldif: Path) -> None:
    """It opens, also for root, and every read of it fails: address 0 of a process is nothing."""
    ldif.unlink()
    ldif.symlink_to("/proc/self/mem")


def _empty(ldif: Path) -> None:
    ldif.write_bytes(b"")


def _too_many(ldif: Path) -> None:
    ldif.write_text(ldif.read_text().replace("# returned 5 records", "# returned 6 records"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_missing, ("No such file", "spec.sources[].ldif")),
        (_folder, ("Is a directory", "spec.sources[].ldif")),
        pytest.param(
            _unreadable,
            ("Permission denied", "this account may read the file"),
            marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything"),
        ),
        (_broken, ("Input/output error", "spec.sources[].ldif")),
        (_cut_in_a_record, ("line 43: the file ends here", "no empty line closes the record that began at line 43")),
        (_cut_between_records, ("no trailer",)),
        (_garbage, ("line 23: expected 'dn:' at the start of a record",)),
        (_empty, ("it holds",)),
        (_too_many, ("line 52: the trailer says 6 records, 5 were read",)),
    ],
)
def test_a_file_that_is_missing_unreadable_cut_or_spoiled(
    walk: Walk, spoil: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    """Creates may come of what was read for sure; nobody is deleted and nobody leaves a group."""
    _with_a_first_run(walk)
    spoil(walk.ldif)
    plan = walk.again("plan")
    plan.assert_incomplete(f"{walk.ldif}: ", *words)
    assert "what the sources say" not in plan.out
    for _ in range(2):
        walk.again().assert_incomplete(f"{walk.ldif}: ", *words)
        assert {anchor(number) for number in (1, 2, 3, 101)} <= walk.in_cloud() <= {*map(anchor, (1, 2, 3, 4, 101))}
        assert {anchor(1), anchor(2)} <= walk.tenant.members(anchor(101))
        walk.assert_state_true()
    if walk.ldif.is_dir():
        walk.ldif.rmdir()
    elif walk.ldif.exists():
        walk.ldif.unlink()
    _assert_repaired(walk)


# --- the store ------------------------------------------------------------------------------------------------------


def test_a_store_that_is_none(walk: Walk) -> None:
    _with_a_first_run(walk)
    kept = walk.state.read_bytes()
    walk.state.write_bytes(b"This is not what SQLite writes. " * 200)
    for done in (_sync(walk), walk.again("plan"), walk.again("status")):
        done.assert_error(1, f"{walk.state}: the store cannot be opened: file is not a database", "--state")
    walk.state.write_bytes(kept)
    _assert_untouched(walk)
    _assert_repaired(walk)


@pytest.mark.parametrize("state", ["corp.ldif/state.db", "secrets"], ids=["below a file", "a folder"])
def test_a_store_for_which_there_is_no_place(walk: Walk, state: str) -> None:
    walk.write()
    path = walk.folder / state
    _sync(walk, "--state", str(path)).assert_error(1, f"{path}: the store cannot be opened: ", "--state")
    assert not walk.in_cloud()
    _assert_repaired(walk)


@pytest.mark.parametrize("command", ["plan", "sync"])
def test_the_store_of_another_tenant(walk: Walk, command: str) -> None:
    _with_a_first_run(walk)
    right = walk.spec["target"]["tenantID"]
    walk.spec["target"]["tenantID"] = "57cf9f28-0000-4000-8000-000000000000"
    words = f"{walk.state}: the store was made with tenantID {right}", "tenantID is immutable"
    walk.here(command).assert_error(1, *words)
    walk.spec["target"]["tenantID"] = right
    _assert_untouched(walk)
    _assert_repaired(walk)


def test_a_store_that_another_run_holds(walk: Walk) -> None:
    with Gate(walk, 1) as gate, walk.running() as first:
        until(gate.reached.is_set)
        _sync(walk).assert_error(1, f"{walk.state}: another run or import holds the store", "wait until it has ended")
        gate.open()
        assert walk.finish(first).code == 0
    walk.assert_cloud_matches()
    _assert_repaired(walk)


@pytest.mark.parametrize("limit", [8, 64, 256], ids="{} KiB".format)
def test_a_disk_that_is_full(walk: Walk, limit: int) -> None:
    """The limit on the size of a file stands for it; at 64 and 256 KiB the first pages are kept already."""
    walk.forest = Forest.of(400, {501: list(range(1, 400))})
    walk.write()
    limited = run_command("sync", str(walk.document), folder=walk.folder, kib=limit)
    walk.checked(limited).assert_error(1, f"{walk.state}: the store cannot be ", "disk")
    assert not walk.in_cloud()
    _assert_repaired(walk)


# --- directory servers ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    root = f"dn: {BASE}\nobjectClass: domain\ndc: corp\n\n"
    units = [
        f"dn: OU={name},{BASE}\nobjectClass: organizationalUnit\nou: {name}\n\n" for name in ("People", "Groups")
    ]
    entries = Forest.of(MANY, {5001: [1, 2, MANY]}).text().partition("\n\n")[2].rpartition("# returned")[0]
    with slapd(tmp_path_factory.mktemp("slapd"), root + "".join(units) + entries, base=BASE) as running:
        yield running


@pytest.fixture
def directory(walk: Walk, server: Slapd) -> dict[str, Any]:
    """The part of the document that says how the server is reached; the forest is what the server holds."""
    secret = walk.folder / "secrets" / "directory"
    secret.mkdir()
    (secret / "username").write_text(f"cn=admin,{BASE}")
    (secret / "password").write_text(PASSWORD)
    (secret / "ca.crt").write_bytes(server.ca)
    ca = {"secretKeyRef": {"name": "directory", "key": "ca.crt"}}
    access = {"servers": [server.ldaps], "bind": {"secretRef": {"name": "directory"}}, "tls": {"ca": ca}}
    walk.spec["sources"] = [{"name": "corp", "ldap": access, "scope": [{"dn": BASE}]}]
    walk.forest = Forest.of(MANY, {5001: [1, 2, MANY]})
    return access


@requires_slapd
def test_a_directory_that_cannot_be_read_costs_nothing(walk: Walk, directory: dict[str, Any]) -> None:
    """Each fault after the other, on a tenant that is in step."""
    assert walk.here().code == 0
    secrets, url = walk.folder / "secrets" / "directory", directory["servers"][0]
    faults = [
        ("password", b"not-the-one", None, (f"{url}: ", f"'cn=admin,{BASE}' (invalidCredentials)", "ldap.bind")),
        (
            "ca.crt",
            issue("127.0.0.1").ca,
            None,
            (f"{url}: ", "certificate is not trusted", "spec.sources[].ldap.tls.ca"),
        ),
        (
            None,
            b"",
            "ldaps://directory.invalid",
            ("ldaps://directory.invalid: connecting failed", "the name resolves"),
        ),
        (None, b"", "ldaps://127.0.0.1:1", ("ldaps://127.0.0.1:1: connecting failed", "the server runs")),
    ]
    for key, content, server, words in faults:
        kept = {path: path.read_bytes() for path in secrets.iterdir()}
        if key:
            (secrets / key).write_bytes(content)
        directory["servers"] = [server or url]
        walk.here().assert_incomplete(*words)
        walk.assert_cloud_matches()
        for path, good in kept.items():
            path.write_bytes(good)
    directory["servers"] = [url]
    sent = walk.exports
    _assert_repaired(walk)
    assert walk.exports == sent


@requires_slapd
@pytest.mark.parametrize("key", ["username", "password"])
def test_a_secret_of_a_directory_that_is_no_text(walk: Walk, directory: dict[str, Any], key: str) -> None:
    walk.write()
    (walk.folder / "secrets" / "directory" / key).write_bytes(b"\xff")
    walk.again().assert_error(3, f"Secret directory, key {key}: ", "no UTF-8 text", "make the Secret again")
    assert not walk.state.exists()


@requires_slapd
def test_a_connection_that_is_cut_in_the_second_page(walk: Walk, server: Slapd, directory: dict[str, Any]) -> None:
    """Before a directory was read whole once, the people who came before the cut wait; then everybody comes."""
    with cutting_proxy(server.ldaps_port, 385_000) as port:
        url = f"ldaps://127.0.0.1:{port}"
        directory["servers"] = [url]
        broken = walk.sync()
    broken.assert_incomplete(f"{url}: ", f" entries of {BASE}", "nothing cuts the connection")
    (came,) = re.findall(r"after ([0-9]+) entries", broken.out)
    assert 1000 <= int(came) < MANY
    assert walk.tenant.count() == 0
    (held,) = re.findall(r"Held ([0-9,]+) \(SourceNeverRead\)", walk.here().out)
    assert 1000 <= int(held.replace(",", "")) <= int(came)
    directory["servers"] = [server.ldaps]
    _assert_repaired(walk)
