"""What a person asks an endpoint: what it says of itself and of its tenant, and the features of the tenant."""

import ast
from pathlib import Path

import pytest

from support.build import TENANT
from support.console import ROOT
from support.pages import coded, rows, text
from support.walk import Walk, run_command, walking

BEFORE = 41016
"""The mask of a simulated tenant: it has a bit (32768) without a public name."""
BLOCKED = BEFORE | 524288


@pytest.fixture
def walk(tmp_path: Path):
    with walking(tmp_path) as made:
        made.write()
        yield made


def _features(walk: Walk, *options: str, stdin: str = "", name: str = "features"):
    arguments = ("endpoint", name, str(walk.document), *options)
    return walk.checked(run_command(*arguments, stdin=stdin, folder=walk.folder))


def _members(title: str) -> set[str]:
    """Members that the page of the JSON tells, without what is below them."""
    told = rows(text("docs/plan-json.md"), title=title)
    return {name.partition(".")[0] for row in told for name in coded(row[0])}


def _mask(walk: Walk) -> int:
    return walk.tenant.company().features


def test_what_the_service_says_is_told_with_the_tenant(walk: Walk) -> None:
    done = _features(walk, name="capabilities")
    assert done.code == 0
    assert "Service:" in done.out and "  latest " in done.out and TENANT in done.out
    told = _features(walk, "-o", "json", name="capabilities").json
    assert (told["version"], told["service"]["latest"], told["service"]["oldest"]) == (1, "3.2", "1.0")
    assert {"version", *(f"service.{name}" for name in told["service"]), "tenant.<member>"} == {
        name for row in rows(text("docs/plan-json.md"), title="member of capabilities") for name in coded(row[0])
    }
    assert (told["tenant"]["tenant_id"], told["tenant"]["features"]) == (TENANT, BEFORE)


def test_features_are_shown_with_their_names_and_nothing_is_set(walk: Walk) -> None:
    done = _features(walk)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"Features {BEFORE}:",
        "         8  DuplicateUPNResiliency",
        "        16  EnableSoftMatchOnUpn",
        "        32  DuplicateProxyAddressResiliency",
        "      8192  SynchronizeUpnForManagedUsers",
        "     32768  bit 32768",
    ]
    assert walk.tenant.calls["features"] == 0


def test_a_feature_is_set_once_the_tenants_id_was_typed(walk: Walk) -> None:
    done = _features(walk, "--set", "blocksoftmatch", stdin=f"{TENANT.upper()}\n")
    assert done.code == 0, done
    assert f"To be set: BlockSoftMatch (524288); the number goes from {BEFORE} to {BLOCKED}." in done.err
    assert "cannot be unset" in done.err
    assert f"Features {BLOCKED}:" in done.out and "bit 32768" in done.out.split(f"Features {BLOCKED}:")[1]
    assert (_mask(walk), walk.tenant.calls["features"]) == (BLOCKED, 1)


@pytest.mark.parametrize("typed", ["", "yes\n", "0b1c2d3e-0000-4000-8000-000000000001\n"])
def test_without_the_tenants_id_nothing_is_set(walk: Walk, typed: str) -> None:
    done = _features(walk, "--set", "BlockSoftMatch", stdin=typed)
    assert done.code == 3 and "nothing was set; type the tenant's id, or say --yes" in done.errors[0], done
    assert (_mask(walk), walk.tenant.calls["features"]) == (BEFORE, 0)


def test_with_yes_nobody_is_asked_and_several_can_be_set(walk: Walk) -> None:
    done = _features(walk, "--set", "BlockSoftMatch", "--set", "UserWriteback", "--yes", "-o", "json")
    wanted = BLOCKED | 2048
    assert done.json["before"] == BEFORE and done.json["features"] == wanted == _mask(walk)
    assert done.json["bits"]["2048"] == "UserWriteback"
    assert set(done.json) == _members("member of features")


def test_what_is_set_already_is_not_set_again(walk: Walk) -> None:
    done = _features(walk, "--set", "DuplicateUPNResiliency")
    assert (done.code, walk.tenant.calls["features"]) == (0, 0)
    assert done.out.startswith("Nothing to set: all of them are.\n")


def test_a_feature_that_nobody_knows_is_refused_before_anything_is_set(walk: Walk) -> None:
    _features(walk, "--set", "Everything", "--yes").assert_error(3, "Everything", "BlockSoftMatch")
    assert walk.tenant.calls["features"] == 0


def test_a_feature_that_was_not_set_after_all_is_told(walk: Walk) -> None:
    walk.tenant.set_features = lambda mask: None
    done = _features(walk, "--set", "BlockSoftMatch", "--yes")
    assert done.code == 1 and "the service answered and did not set BlockSoftMatch (524288)" in done.errors[0]


def test_a_tenant_that_is_not_that_of_the_document_is_not_touched(walk: Walk) -> None:
    process = walk.tenant.company
    other = "0b1c2d3e-0000-4000-8000-000000000001"
    from dataclasses import replace

    walk.tenant.company = lambda: replace(process(), tenant_id=other)
    _features(walk, "--set", "BlockSoftMatch", "--yes").assert_error(1, f"the endpoint answers for tenant {other}")
    assert walk.tenant.calls["features"] == 0


def test_no_run_sets_a_feature(walk: Walk) -> None:
    assert walk.here("plan").code == 2 and walk.here("sync").code == 0 and walk.here("sync").code == 0
    assert walk.tenant.calls["features"] == 0


def test_only_the_explicit_command_can_set_a_feature() -> None:
    """Nothing else of the client's side calls what sets one."""
    callers = set()
    for path in (ROOT / "reconciler" / "syncramp").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "set_features"
            ):
                callers.add(path.relative_to(ROOT / "reconciler" / "syncramp").as_posix())
    assert callers - {"simulator/service.py"} == {"cli/features.py", "endpoint/client.py"}
