"""``syncramp approve``: what it approves, what it refuses, and what it tells."""

import getpass
import json
import re
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from support import build
from support.build import TENANT, group, guid, user, user_dn
from support.engine import Engine
from syncramp.cli import run
from syncramp.spec.types import ApprovalMode
from syncramp.store.database import locked, opened

DOCUMENT = build.DOCUMENT.replace("spec:", "spec:\n  approval: Manual")

pytestmark = pytest.mark.in_a_file("the command line is given a file")


@pytest.fixture
def engine(tmp_path) -> Engine:
    """A document and its store; the rename of one person and the create of another wait for an approval."""
    (tmp_path / "syncconfig.yaml").write_text(DOCUMENT)
    now = time.time()
    made = Engine(tmp_path / ".syncramp" / "default.contoso.db", clock=lambda: now)
    made.source.add(user(1), user(2))
    made.settle()
    made.config = replace(made.config, approval=ApprovalMode.MANUAL)
    made.source.add(user(1, displayName="New"), user(3))
    made.run()
    return made


@pytest.fixture
def told(engine, capsys):
    """Runs the command: exit code, output, errors."""

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["approve", str(_document(engine)), *arguments])
        return code, *capsys.readouterr()

    return command


def _document(engine: Engine) -> Path:
    return engine.path.parent.parent / "syncconfig.yaml"


def _waiting(engine: Engine) -> dict[str, str]:
    """By class; of the last run."""
    with engine.store() as store:
        return {each.part.value: each.digest for each in store.approvals.proposals() if each.waits}


def _digests(engine: Engine) -> dict[str, str]:
    with engine.store() as store:
        return {each.part.value: each.digest for each in store.approvals.proposals()}


def test_it_lists_what_waits(engine, told) -> None:
    code, out, _ = told()
    assert code == 2
    lines = sorted(re.sub(r"\d{4}-\S+ \S+", "now", line) for line in out.splitlines())
    digests = {kind: digest[:12] for kind, digest in _digests(engine).items()}
    assert lines == sorted(
        f"Waits    {digests[kind]}  1 change ({kind}, ApprovalRequired), as of now UTC" for kind in digests
    )


def test_it_approves_by_the_first_digits_and_the_next_run_sends_that_alone(engine, told, monkeypatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    digest = _digests(engine)["Rest"]
    code, out, _ = told(digest[:8].upper())
    assert code == 0
    assert f"Approved {digest[:12]}  1 change (Rest, ApprovalRequired), by ada until " in out
    assert "wanted by the last plan: 1" in out and f"Waits    {_digests(engine)['Creates'][:12]}" in out
    report, _ = engine.run()
    assert engine.cloud.objects[engine.anchor(user(1))].values["displayName"] == "New"
    assert report.counts.keys() == {"Update"}


def test_it_tells_who_approved_what_until_when(engine, told) -> None:
    digest = _digests(engine)["Rest"]
    told(digest, "--by", "Ada\u202e Lovelace", "--valid", "90m")
    with engine.store() as store:
        (given,) = store.approvals.given(time.time())
    assert given.by == "Ada\u202e Lovelace" and given.until - given.given == 5400
    _, out, _ = told()
    assert "by Ada\\u202e Lovelace at " in out and "; 1 still wanted" in out


def test_it_is_valid_as_long_as_the_document_says_unless_it_says_otherwise(engine, told) -> None:
    _document(engine).write_text(DOCUMENT.replace("  approval: Manual\n", "  approvalExpiry: 2h\n"))
    told(_digests(engine)["Rest"])
    with engine.store() as store:
        (given,) = store.approvals.given(time.time())
    assert given.until - given.given == 7200


def test_an_approval_can_be_taken_back_before_the_next_run(engine, told) -> None:
    digest = _digests(engine)["Rest"]
    told(digest, "--by", "ada")
    code, out, _ = told(digest[:8], "--withdraw")
    assert code == 2 and f"Waits    {digest[:12]}" in out and "Approved" not in out
    engine.run()
    assert engine.cloud.objects[engine.anchor(user(1))].values["displayName"] == "User 1"
    code, _, error = told(digest, "--withdraw")
    assert code == 3 and f"{digest} is not approved" in error
    with engine.store() as store:
        assert list(store.database.all('SELECT "by", LENGTH(marks) FROM approvals')) == [("ada", 0)]


def test_nothing_waits_where_everything_is_approved(engine, told) -> None:
    code, out, _ = told(*_digests(engine).values())
    assert code == 0 and out.splitlines()[-1] == "Nothing else waits"
    assert told()[0] == 0


@pytest.mark.parametrize(
    ("digest", "reason"),
    [
        ("0123456789abcdef", "0123456789abcdef names nothing that waited"),
        ("1234567", "1234567 is no digest: at least 8 hexadecimal digits of it"),
        ("not-a-digest", "not-a-digest is no digest: at least 8 hexadecimal digits of it"),
    ],
)
def test_an_unknown_digest_is_refused_with_what_can_be_approved(engine, told, digest, reason) -> None:
    code, out, error = told(_digests(engine)["Rest"], digest)
    assert (code, out) == (3, "") and f"error: {reason}; these can be approved:" in error
    assert all(each[:12] in error for each in _digests(engine).values())
    with engine.store() as store:
        assert not store.approvals.given(time.time()), "one refusal refuses them all"


def test_a_digest_that_begins_two_sets_is_refused(engine, told) -> None:
    with engine.store() as store:
        store.database.run("UPDATE proposals SET digest = '00000000' || SUBSTR(digest, 9)")
    code, _, error = told("00000000")
    assert code == 3 and "00000000 names several sets" in error


def test_an_outdated_digest_is_refused(engine, told) -> None:
    old = _digests(engine)["Rest"]
    engine.source.add(user(1))
    engine.run()
    code, _, error = told(old)
    assert code == 3 and f"nothing of {old} waits any more" in error and _digests(engine)["Creates"][:12] in error


@pytest.mark.parametrize("valid", ["3d", "59s", "720h1s", "0s", "99999999999999h"])
def test_a_validity_out_of_bounds_is_refused(engine, told, valid) -> None:
    code, _, error = told(_digests(engine)["Rest"], "--valid", valid)
    assert code == 3 and f"--valid: {valid} is no duration from 1m to 720h" in error


def test_a_login_without_a_name_must_say_who_approves(engine, told, monkeypatch) -> None:
    def nobody() -> str:
        raise KeyError("no such user")

    monkeypatch.setattr(getpass, "getuser", nobody)
    code, _, error = told(_digests(engine)["Rest"])
    assert code == 3 and "say who you are with --by NAME" in error
    assert told(_digests(engine)["Rest"], "--by", "ada")[0] == 0


def test_without_a_store_nothing_waits(engine, told) -> None:
    engine.path.unlink()
    code, _, error = told()
    assert code == 3 and "there is no store yet" in error


def test_the_store_of_another_tenant_is_refused(engine, told) -> None:
    _document(engine).write_text(DOCUMENT.replace(TENANT, "00000000-0000-4000-8000-000000000000"))
    code, _, error = told(_digests(engine)["Rest"])
    assert code == 1 and TENANT in error


def test_the_json_has_the_same(engine, told) -> None:
    digest = _digests(engine)["Rest"]
    code, out, _ = told(digest, "-o", "json", "--by", "ada")
    body = json.loads(out)
    assert code == 0 and [(each["digest"], each["by"], each["waiting"]) for each in body["given"]] == [
        (digest, "ada", 1)
    ]
    assert [each["digest"] for each in body["waiting"]] == [_digests(engine)["Creates"]]
    assert [each["digest"] for each in body["approvals"]] == [digest]


def test_it_works_while_a_run_holds_the_store_and_waits_for_its_transaction(engine, told) -> None:
    digest = _digests(engine)["Rest"]
    began = threading.Event()

    def run_on() -> None:
        with closing(opened(engine.path)) as writer, writer.transaction():
            began.set()
            time.sleep(0.3)

    with locked(engine.path):
        thread = threading.Thread(target=run_on)
        thread.start()
        began.wait()
        code, _, _ = told(digest)
        thread.join()
    assert code == 0
    engine.run()
    assert engine.cloud.objects[engine.anchor(user(1))].values["displayName"] == "New"


def test_explain_tells_what_waits_of_somebody_and_who_approved_it(engine, told, capsys) -> None:
    def explained() -> str:
        capsys.readouterr()
        run(["explain", str(_document(engine)), guid(1).hex()])
        run(["explain", str(_document(engine)), engine.anchor(user(1))])
        return capsys.readouterr().out

    digest = _digests(engine)["Rest"]
    assert (
        f"waits for an approval: syncramp approve FILE {digest[:12]} (1 change (Rest, ApprovalRequired))"
        in explained()
    )
    told(digest, "--by", "ada")
    after = explained()
    assert "approved by ada at " in after and "waits for an approval" not in after
    assert "Update: goes in the next run: displayName" in after


def test_explain_tells_of_a_group_what_waits_and_when_its_links_go(engine, told, capsys) -> None:
    def explained() -> str:
        capsys.readouterr()
        run(["explain", str(_document(engine)), engine.anchor(group(101))])
        return capsys.readouterr().out

    told(*_digests(engine).values())
    engine.source.add(group(101))
    engine.run()
    told(_waiting(engine)["Creates"])
    engine.run()
    engine.source.members[guid(101)] = [user_dn(1)]
    engine.run()
    digest = _waiting(engine)["Rest"]
    before = explained()
    assert f"syncramp approve FILE {digest[:12]} (1 change (Rest, ApprovalRequired))" in before
    assert "Members +1 −0: held (ApprovalRequired)" in before
    told(digest, "--by", "ada")
    after = explained()
    assert "approved by ada at " in after and "Members: +1 −0 go in the next run" in after
