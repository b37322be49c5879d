"""``syncramp source accept`` and the annotation that says the same: what they write down, refuse and tell."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from support.build import BASE, DOCUMENT, deletes_up_to
from support.engine import Engine
from support.veiled import VeiledSource, company
from syncramp.check import verdict_of
from syncramp.cli import run
from syncramp.model.acceptances import Acceptance, combined, malformed, named_acceptances
from syncramp.model.proofs import Accepted, Doubt

ACCEPT = "if that is true, accept it: syncramp source accept FILE corp --entries 0"

pytestmark = pytest.mark.in_a_file("the command line is given a file")


@pytest.fixture
def engine(tmp_path) -> Engine:
    """A document and its store, of a source that was read well."""
    (tmp_path / "syncconfig.yaml").write_text(DOCUMENT)
    made = Engine(tmp_path / ".syncramp" / "default.contoso.db", sources=[company()])
    made.config = deletes_up_to(made.config, 500)
    made.pace = replace(made.pace, objects_per_call=200)
    made.settle()
    return made


@pytest.fixture
def told(engine, capsys):
    """Runs the command: exit code, output, errors."""

    def command(*arguments: str, source: str = "corp") -> tuple[int, str, str]:
        capsys.readouterr()
        document: Path = engine.path.parent.parent / "syncconfig.yaml"
        code = run(["source", "accept", str(document), source, *arguments])
        return code, *capsys.readouterr()

    return command


def hide(engine: Engine, **hidden: object) -> None:
    assert isinstance(engine.source, VeiledSource)
    for name, value in hidden.items():
        setattr(engine.source, name, value)
    engine.run()


def accepted(engine: Engine) -> Accepted:
    with engine.store() as store:
        return store.staging.accepted(1, "all")


def test_it_tells_what_is_proven(engine, told) -> None:
    code, out, _ = told()
    assert code == 0 and out.splitlines() == [
        "corp, all: complete, fresh and permitted",
        "    complete: expected about 84 entries, as before; seen 84 entries read",
    ]


def test_it_tells_what_is_not_proven_and_what_would_accept_it(engine, told) -> None:
    hide(engine, below=BASE)
    code, out, _ = told()
    assert code == 2 and out.splitlines() == [
        "corp, all: NOT complete: no user is shown any more, where 72 were; " + ACCEPT,
        "    complete: expected about 84 entries, as before; seen 0 entries shown",
        "    permitted: expected 84 entries below DC=corp,DC=example,DC=com; seen none",
    ]


def test_what_a_person_accepts_is_written_down_with_the_name_and_taken_by_the_next_run(engine, told) -> None:
    hide(engine, below=f"OU=Sales,{BASE}")
    code, out, _ = told("--entries", "72", "--attribute", "Mail", "--older", "--by", "ada")
    assert code == 0 and out == (
        "corp, all: accepted once: a read that shows at least 72 entries, and in which entries lost mail, "
        "and that is older than what was read before\n"
    )
    assert accepted(engine) == Accepted(72, frozenset({"mail"}), True, "ada")
    assert engine.run()[0].sources[0].complete and accepted(engine).taken
    assert told()[1].startswith("corp, all: complete, fresh and permitted, as a person accepted\n")


@pytest.mark.parametrize(
    ("arguments", "source", "refusal"),
    [
        (("--entries", "1"), "labs", "error: the document has no source labs; name one of these: corp"),
        (("--partition", "DC=x"), "corp", "error: no part DC=x of corp was read; it has these: all"),
    ],
)
def test_what_is_not_there_is_refused_by_name(told, arguments, source, refusal) -> None:
    code, out, err = told(*arguments, source=source)
    assert (code, out, err.strip()) == (3, "", refusal)


def test_of_several_parts_one_must_be_named(engine, told) -> None:
    with engine.store() as store:
        store.staging.fail(1, "DC=labs", "it broke off")
    code, _, err = told("--entries", "12")
    assert code == 3 and "corp has several parts, and each is accepted by itself" in err
    assert told("--entries", "12", "--partition", "dc=LABS")[0] == 0
    with engine.store() as store:
        assert store.staging.accepted(1, "DC=labs").entries == 12 and accepted(engine) == Accepted()


# --- the annotation ----------------------------------------------------------------------------------------------


def annotate(engine: Engine, text: str) -> None:
    engine.config = replace(engine.config, accepts=named_acceptances(text))


def test_an_annotation_is_read_as_it_is_written() -> None:
    assert named_acceptances(" corp=12;labs/DC=labs,DC=test=mail ; corp=older;") == (
        Acceptance("corp", "", "12"),
        Acceptance("labs", "DC=labs,DC=test", "mail"),
        Acceptance("corp", "", "older"),
    )
    said = combined(named_acceptances("corp=12; corp=40; corp=Mail; corp=older"), "ada")
    assert said == Accepted(40, frozenset({"mail"}), True, "ada")


@pytest.mark.parametrize("text", ["corp", "corp=", "=12", "corp=1,2", "Corp=12", "corp=12, labs=13", "corp=-1"])
def test_an_annotation_that_accepts_nothing_is_found(text) -> None:
    assert malformed(f"labs=7; {text}") == text and named_acceptances(text) == ()


def test_a_document_with_such_an_annotation_has_a_finding(tmp_path) -> None:
    document = yaml.safe_load(DOCUMENT)
    document["metadata"]["annotations"] = {"syncramp.io/accept-source": "corp: 12"}
    (finding,) = verdict_of(document)
    assert finding.path == "metadata.annotations.syncramp.io/accept-source"
    assert finding.reason == "'corp: 12' accepts nothing of a source"


def test_an_annotation_accepts_once_though_it_stays(engine) -> None:
    annotate(engine, "corp=72")
    hide(engine, below=f"OU=Sales,{BASE}")
    assert accepted(engine).taken and accepted(engine).by == "annotation syncramp.io/accept-source"
    hide(engine, below="-")
    hide(engine, below=f"OU=Sales,{BASE}")
    report, _ = engine.run()
    assert report.sources[0].doubt == Doubt.NOT_PERMITTED, "its text was taken before"
    annotate(engine, "corp=72; corp=older")
    assert engine.run()[0].sources[0].complete


def test_what_a_person_says_at_a_command_line_is_not_said_over_by_an_old_annotation(engine, told) -> None:
    annotate(engine, "corp=80")
    hide(engine, below=f"OU=Sales,{BASE}")
    assert told("--entries", "72")[0] == 0
    assert engine.run()[0].sources[0].complete


def test_an_annotation_of_a_source_with_several_parts_must_name_one(engine, monkeypatch) -> None:
    monkeypatch.setattr(type(engine.source), "partitions", lambda self: ["all", "more"])
    annotate(engine, "corp=3")
    engine.run()
    assert accepted(engine) == Accepted()
    told = [str(getattr(event, "text", "")) for event in engine.events]
    assert "the annotation syncramp.io/accept-source: corp has several parts; write corp/all=… or corp/more=…" in told
    annotate(engine, "corp/ALL=3")
    engine.run()
    assert accepted(engine).entries == 3
