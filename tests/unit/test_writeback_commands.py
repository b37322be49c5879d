"""``syncramp approve`` and ``syncramp ramp`` where groups are written back: two stores, and one list."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.tenant_model import Tenant, mark, object_id
from support.written_back import DOCUMENT
from support.written_engine import WrittenEngine, policy, written_back
from syncramp.cli import run
from syncramp.cycle.run import rehearse
from syncramp.errors import SourceUnavailable
from syncramp.events import Note
from syncramp.model.orders import named_orders
from syncramp.model.plan import ObjectChange, Verb
from syncramp.model.ramp_reports import RampReport
from syncramp.model.ramps import Decided, Order, Phase, RampState
from syncramp.model.report import RunReport
from syncramp.ramp.steps import digest_of
from syncramp.report.text import plan_lines
from syncramp.spec.ramps import Admit, built_in_writeback
from syncramp.spec.types import ApprovalMode
from syncramp.store.places import beside

Told = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.in_a_file("the command line is given a file")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A document that writes groups back, and its store, in which the create of a person waits."""
    (tmp_path / "syncconfig.yaml").write_text(DOCUMENT)
    made = _engine(tmp_path / ".syncramp" / "default.contoso.db")
    made.source.add(user(3))
    made.run()
    return made


def _engine(path: Path) -> Engine:
    now = time.time()
    made = Engine(path, clock=lambda: now)
    made.source.add(user(1), group(101))
    made.source.members[guid(101)] = [user_dn(1)]
    made.settle()
    made.config = replace(made.config, approval=ApprovalMode.MANUAL)
    return made


@pytest.fixture
def ledger(engine: Engine) -> Engine:
    """What is known of the directory; the delete of a group waits in it."""
    path = beside(engine.path)
    assert isinstance(path, Path)
    made = _engine(path)
    del made.source.entries[guid(101)]
    made.run()
    made.run()
    _belongs(made, "corp")
    return made


def _belongs(ledger: Engine, source: str) -> None:
    with ledger.store() as store:
        identity = json.loads(store.database.value("SELECT value FROM meta WHERE key = 'identity'"))
        store.runs.set_flag("identity", json.dumps({**identity, "writeback": source}))


@pytest.fixture
def told(engine: Engine, capsys: pytest.CaptureFixture[str]) -> Told:
    """Runs a command on the document: exit code, output, errors."""

    def command(*words: str, after: tuple[str, ...] = ()) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run([*words, str(engine.path.parent.parent / "syncconfig.yaml"), *after])
        out, error = capsys.readouterr()
        return int(code), out, error

    return command


def _digest(engine: Engine) -> str:
    with engine.store() as store:
        (digest,) = [each.digest for each in store.approvals.proposals() if each.waits]
    return digest


def _given(engine: Engine) -> list[str]:
    with engine.store() as store:
        return [each.digest for each in store.approvals.given(time.time())]


def test_approve_lists_what_waits_of_both_and_says_which_is_of_the_directory(
    engine: Engine, ledger: Engine, told: Told
) -> None:
    code, out, _ = told("approve")
    (cloud,) = [line for line in out.splitlines() if _digest(engine)[:12] in line]
    (directory,) = [line for line in out.splitlines() if _digest(ledger)[:12] in line]
    assert code == 2
    assert " in Active Directory, as of " in directory and "Active Directory" not in cloud


def test_a_digest_is_approved_in_the_store_that_has_it_and_in_no_other(
    engine: Engine, ledger: Engine, told: Told
) -> None:
    digest = _digest(ledger)
    code, out, _ = told("approve", after=(digest[:8], "--by", "ada"))
    assert code == 0 and f"Approved {digest[:12]}  1 change (Deletes, ApprovalRequired) in Active Directory" in out
    assert (_given(ledger), _given(engine)) == ([digest], [])
    code, out, _ = told("approve", after=(digest[:8], "--withdraw"))
    assert code == 2 and _given(ledger) == []


def test_an_approval_that_is_taken_back_ends_in_one_store_alone(engine: Engine, ledger: Engine, told: Told) -> None:
    told("approve", after=(_digest(ledger), _digest(engine), "--by", "ada"))
    assert (_given(ledger), _given(engine)) == ([_digest(ledger)], [_digest(engine)]), "both are the first of theirs"
    told("approve", after=(_digest(ledger), "--withdraw"))
    assert (_given(ledger), _given(engine)) == ([], [_digest(engine)])


def test_a_beginning_that_both_have_is_refused(engine: Engine, ledger: Engine, told: Told) -> None:
    for each in (engine, ledger):
        with each.store() as store:
            store.database.run("UPDATE proposals SET digest = '00000000' || SUBSTR(digest, 9)")
    code, _, error = told("approve", after=("00000000",))
    assert code == 3 and "00000000 names several sets" in error
    assert " in Active Directory" in error and (_given(ledger), _given(engine)) == ([], [])


def test_the_json_of_approve_tells_the_direction_of_each(engine: Engine, ledger: Engine, told: Told) -> None:
    _, out, _ = told("approve", after=(_digest(ledger), "-o", "json"))
    body = json.loads(out)
    assert [each["direction"] for each in body["given"]] == ["Directory"]
    assert {each["direction"]: each["digest"] for each in body["waiting"]} == {"Cloud": _digest(engine)}


def test_without_a_ledger_what_waits_of_the_cloud_is_told_all_the_same(engine: Engine, told: Told) -> None:
    code, out, _ = told("approve")
    assert code == 2 and _digest(engine)[:12] in out


def test_a_ledger_of_another_source_is_refused(engine: Engine, ledger: Engine, told: Told) -> None:
    _belongs(ledger, "labs")
    code, _, error = told("approve")
    assert code == 1 and "the store was made with writeback labs" in error


def _at(ledger: Engine, phase: Phase, step: int = 1, told: RampReport | None = None) -> None:
    """The ramp of written-back groups is somewhere, as a run left it."""
    state = RampState("writeback", "", phase, step, 100_000, 1.0, 1.0, 1.0, soaked_from=1.0)
    kept = replace(state, policy=digest_of(built_in_writeback()))
    decided = Decided(time.time(), 1, "writeback", "Promoted", step, 100_000, "", "all gates passed")
    with ledger.store() as store:
        number, token = store.runs.begin(1.0)
        store.ramp_states.write(store.exports(number, token, 1.0), number, [kept], [decided])
        report = RunReport(run=number, digest="1" * 32, ramps=[told] if told else [])
        store.runs.end(number, 2.0, "Incomplete", report.as_json())


def _pending(engine: Engine) -> list[Order]:
    with engine.store() as store:
        return list(store.ramp_states.pending().values())


def test_what_is_said_to_the_ramp_of_written_back_groups_is_written_into_the_ledger(
    engine: Engine, ledger: Engine, told: Told
) -> None:
    _at(ledger, Phase.SOAKING)
    code, out, _ = told("ramp", "promote", after=("writeback", "--by", "ada"))
    assert code == 0 and out.startswith("Ramp writeback: promote, by ada. The next run ")
    assert [(each.ramp, each.step) for each in _pending(ledger)] == [("writeback", 2)]
    assert not _pending(engine)


def test_what_is_said_to_another_ramp_is_written_into_the_store(engine: Engine, ledger: Engine, told: Told) -> None:
    code, _, _ = told("ramp", "pause", after=("built-in", "--by", "ada"))
    assert code == 0 and [each.ramp for each in _pending(engine)] == ["built-in"] and not _pending(ledger)


def test_before_the_first_look_at_the_directory_nothing_can_be_said_to_its_ramp(told: Told) -> None:
    code, _, error = told("ramp", "pause", after=("writeback",))
    assert code == 3 and "no run has looked at the directory that groups are written back to" in error


def test_status_tells_both_ramps_and_that_the_other_one_waits_for_a_person(
    engine: Engine, ledger: Engine, told: Told
) -> None:
    paused = RampReport("writeback", "Members", "Paused", 2, 6, 4_900, 250_000, pause="PauseStep", largest=4_900)
    _at(ledger, Phase.PAUSED, told=replace(paused, direction="Directory"))
    told("ramp", "promote", after=("writeback", "--by", "ada", "--step", "2"))
    code, out, _ = told("ramp", "status")
    assert code == 2 and "Ramp writeback (Members, into Active Directory): Paused (PauseStep) at 4,900" in out
    assert "4,900 members in the directory" in out and "in the cloud" not in out
    assert "promote at step 2 by ada" in out
    _, out, _ = told("ramp", "status", after=("-o", "json"))
    assert [(each["name"], each["direction"]) for each in json.loads(out)["ramps"]] == [("writeback", "Directory")]


def test_history_tells_decisions_of_both_in_the_order_they_were_made(
    engine: Engine, ledger: Engine, told: Told
) -> None:
    _at(ledger, Phase.SOAKING)
    with engine.store() as store:
        number, token = store.runs.begin(1.0)
        decided = Decided(5.0, number, "built-in", "Promoted", 1, 75_000, "", "all gates passed")
        store.ramp_states.write(store.exports(number, token, 1.0), number, [], [decided])
    _, out, _ = told("ramp", "history", after=("-o", "json"))
    assert [(each["ramp"], each["direction"]) for each in json.loads(out)["decisions"]] == [
        ("built-in", "Cloud"),
        ("writeback", "Directory"),
    ]
    code, out, _ = told("ramp", "history", after=("writeback",))
    assert code == 0 and "writeback: Promoted" in out and "built-in" not in out
    _, out, _ = told("ramp", "history", after=("--last", "1"))
    assert "writeback" in out and "built-in" not in out


def test_a_misspelled_name_is_told_the_ramp_of_written_back_groups(told: Told) -> None:
    code, _, error = told("ramp", "history", after=("writebak",))
    assert code == 3 and "do you mean writeback?" in error


def test_the_secret_of_the_store_is_looked_for_where_it_is_said_to_be(told: Told, tmp_path: Path) -> None:
    secrets = tmp_path / "elsewhere" / "pg"
    secrets.mkdir(parents=True)
    (secrets / "uri").write_text("no connection URI")
    code, _, error = told(
        "ramp", "pause", after=("built-in", "--state", "postgresql:pg", "--secrets", str(secrets.parent))
    )
    assert code == 1 and "pg/uri" not in error


@pytest.fixture
def growing(engine: Engine, tmp_path: Path) -> WrittenEngine:
    """Three people are to come into a group of the directory, one in each run."""
    now = time.time()
    made = WrittenEngine(tmp_path / ".syncramp" / "grown.db", cloud=Tenant(), clock=lambda: now)
    made.config = replace(made.config, writeback=written_back(policy(1, 2, 3, admit=Admit.MEMBERS)))
    made.employ(1, 2, 3)
    made.settle_back()
    made.tenant.given(7, made.cloud_anchors(1, 2, 3))
    made.run()
    return made


def test_the_forecast_has_the_ramp_of_written_back_groups_in_a_block_of_its_own(
    growing: WrittenEngine, told: Told
) -> None:
    state = ("--state", str(growing.path))
    code, out, error = told("ramp", "forecast", after=state)
    assert code == 0, error
    at = out.splitlines().index("Groups written back to Active Directory")
    assert "Ramp writeback" not in "\n".join(out.splitlines()[:at])
    assert any(line.startswith("Ramp writeback (Members): 1 group, ") for line in out.splitlines()[at:])
    _, out, _ = told("ramp", "forecast", after=(*state, "--ramp", "writeback"))
    assert out.startswith("Groups written back to Active Directory") and "Ramp built-in" not in out
    _, out, _ = told("ramp", "forecast", after=(*state, "-o", "json"))
    body = json.loads(out)
    assert [each["ramp"] for each in body["writeback"]["ramps"]] == ["writeback"] and body["ramps"] == []
    _, out, _ = told("ramp", "forecast", after=(*state, "--ramp", "built-in"))
    assert "Active Directory" not in out


def test_without_a_ledger_the_forecast_tells_of_the_cloud_alone(told: Told) -> None:
    code, out, _ = told("ramp", "forecast", after=("-o", "json"))
    assert code == 0 and json.loads(out)["writeback"] is None


def test_explain_tells_of_a_group_of_the_cloud(growing: WrittenEngine, told: Told) -> None:
    code, out, _ = told("explain", after=(mark(7), "--state", str(growing.path)))
    assert code == 2 and "Group Group 7, mastered in the cloud" in out and "held (Ramp)" in out
    code, out, _ = told("explain", after=("nobody", "--state", str(growing.path)))
    assert code == 1 and "group of the cloud" in out


def test_the_ramp_of_written_back_groups_is_shown_in_full_and_can_be_pasted(told: Told, tmp_path: Path) -> None:
    _, out, _ = told("ramp", "show")
    shown = yaml.safe_load(out)["writeback"]["groups"]["ramp"]
    assert [step.get("ceiling") for step in shown["steps"]][:3] == [1_400, 4_900, None]
    document = yaml.safe_load(DOCUMENT)
    document["spec"]["writeback"]["groups"]["ramp"] = shown
    path = tmp_path / "pasted.yaml"
    path.write_text(yaml.safe_dump(document))
    assert run(["validate", str(path)]) == 0
    _, out, _ = told("ramp", "show", after=("-o", "json"))
    assert json.loads(out)["writeback"]["groups"]["ramp"] == shown


def test_a_plan_names_what_would_be_written_and_a_document_without_writeback_nothing(growing: WrittenEngine) -> None:
    growing.tenant.given(8, growing.cloud_anchors(1))
    with growing.store() as store:
        rehearsal = rehearse(growing.job(store, sends=False))
        assert rehearsal.back is not None
        verbs = [change.verb for change in rehearsal.back.changes() if isinstance(change, ObjectChange)]
        lines = list(plan_lines(rehearsal.plan, rehearsal.report, back=rehearsal.back.plan))
    assert verbs == [Verb.CREATE] and any(f"Create Group CN={mark(8)}".lower() in line.lower() for line in lines)
    growing.directory.fault = _away
    with growing.store() as store:
        assert rehearse(growing.job(store, sends=False)).back is None, "it came to no plan"
    with growing.store() as store:
        job = replace(growing.job(store, sends=False), writeback=None)
        assert rehearse(job).back is None


def _away(moment: str) -> None:
    raise SourceUnavailable("dc1 does not answer")


def _warned(engine: WrittenEngine) -> list[str]:
    return [event.text for event in engine.events if isinstance(event, Note) and event.level == "warning"]


def test_annotations_reach_the_ramp_and_the_sets_of_either_direction_and_warn_of_neither(
    growing: WrittenEngine,
) -> None:
    orders = named_orders({"syncramp.io/promote": "writeback/1, bild-in"})
    growing.config = replace(growing.config, orders=orders)
    growing.events.clear()
    growing.run()
    with growing.ledger() as ledger:
        assert ledger.ramp_states.all()["writeback"].step == 1
    assert [text.partition(": ")[2] for text in _warned(growing)] == [
        "the document has no ramp bild-in; built-in is one"
    ]
    growing.tenant.delete(7)
    with growing.store() as store:
        store.cloud.hard_deleted(object_id(7), growing.clock())
    assert growing.back().holds == {"ApprovalRequired": 1}
    (waits,) = growing.back().waiting
    growing.config = replace(growing.config, orders=(), approves=(waits["digest"][:8], "00000000"))
    growing.events.clear()
    assert growing.back().done == {"Delete": {"Group": 1}}
    assert ["00000000" in text for text in _warned(growing)] == [True], "and not of the digest that the ledger has"
