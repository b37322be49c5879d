"""What ``kubectl syncramp`` writes, tells and waits for, without a cluster."""

import shlex
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest

from support.console import commands
from support.pages import coded, rows, section, text
from support.run_cases import config, run, tally
from syncramp.cli.exits import Exit
from syncramp.errors import InputRefused
from syncramp_operator.actors.known import HANDLED, Handled
from syncramp_operator.plugin import asking, explaining, telling
from syncramp_operator.plugin.asking import Asked, Suspension
from syncramp_operator.plugin.commands import app
from syncramp_operator.plugin.explaining import PodUnreachable
from syncramp_operator.plugin.following import Patience, TookTooLong, follow
from syncramp_operator.plugin.reach import NotAllowed, Reach

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
ONE, OTHER = "3f2a91bc0de1f00d" * 2, "3f2a91bc77c0ffee" * 2
WAITING = [{"digest": each, "class": "Deletes", "reason": "TooManyDeletes", "count": 3} for each in (ONE, OTHER)]
ASKED = Asked("requestedAt", "now")
COMMANDS = commands(app)

Object = dict[str, Any]
Look = tuple[Object, list[Object]]


def annotated(annotation: str, said: str, handled: str | None = None) -> Object:
    body = config(status={"lastHandled": {annotation: handled}} if handled else None)
    body["metadata"]["annotations"] = {f"syncramp.io/{annotation}": said}
    return body


def test_a_digest_may_be_cut_as_long_as_it_names_one_set() -> None:
    body = config(status={"waiting": WAITING})
    assert asking.approval(body, [ONE[:12].upper(), OTHER]) == Asked("approve", f"{ONE},{OTHER}")
    for wrong, why in (("3f2a91bc", "several sets"), ("3f2a91", "no digest"), ("0123456789", "nothing that waits")):
        with pytest.raises(InputRefused, match=why):
            asking.approval(body, [wrong])


def test_a_text_that_was_not_taken_up_is_kept_and_one_that_was_is_replaced() -> None:
    asked = Asked("pause", "b@2")
    assert asking.added(annotated("pause", "a@1"), asked).text == "a@1,b@2"
    assert asking.added(annotated("pause", "a@1", "a@1"), asked).text == "b@2"
    assert asking.added(config(), asked) == asked


def test_the_echo_of_promote_full_has_its_own_name() -> None:
    body = annotated("promote-full", "a@1")
    body["status"] = {"lastHandled": {"promoteFull": "a@1"}}
    assert asking.added(body, Asked("promote-full", "b@2")).text == "b@2"


def test_a_moment_is_replaced_and_never_added_to() -> None:
    assert asking.added(annotated("requestedAt", "before"), ASKED).text == "now"


def test_a_promotion_is_meant_for_the_step_the_ramp_is_at() -> None:
    body = config(status={"ramps": [{"name": "large", "step": 3}]})
    assert asking.ramp_command(body, "promote", "large", NOW).text == "large/3@2026-11-26T08:00:00.000Z"
    assert asking.ramp_command(body, "pause", "large", NOW).text == "large@2026-11-26T08:00:00.000Z"
    with pytest.raises(InputRefused, match="large"):
        asking.ramp_command(body, "pause", "lareg", NOW)
    with pytest.raises(InputRefused):
        asking.ramp_command(config(), "pause", "a,b", NOW)


def test_only_stages_and_digests_are_taken() -> None:
    assert asking.release("canary") == Asked("release", "Canary")
    assert asking.adoption(ONE.upper()) == Asked("adopt", ONE)
    for wrong in (lambda: asking.release("All"), lambda: asking.adoption("yes")):
        with pytest.raises(InputRefused):
            wrong()


def test_what_is_accepted_of_sources_is_taken_and_added_behind_a_semicolon() -> None:
    assert asking.acceptance(["corp=12", "corp=mail"]) == Asked("accept-source", "corp=12; corp=mail")
    assert (
        asking.added(annotated("accept-source", "labs=3"), Asked("accept-source", "corp=12")).text == "labs=3;corp=12"
    )
    with pytest.raises(InputRefused, match="corp accepts nothing"):
        asking.acceptance(["corp"])


def test_the_shown_command_is_the_patch() -> None:
    typed = shlex.split(Asked("approve", "a b'c").command(["--namespace", "x"], "contoso"))
    assert typed[-1] == "syncramp.io/approve=a b'c"
    assert typed[:6] == ["kubectl", "--namespace", "x", "annotate", "--overwrite", "syncconfig/contoso"]
    assert shlex.split(Suspension(True).command([], "contoso"))[-1] == '--patch={"spec": {"suspend": true}}'


class Played:
    """A cluster in which something is there at each look."""

    def __init__(self, *looks: tuple[Object, list[Object]]) -> None:
        self.looks, self.at = looks, 0

    def get(self, *_: object) -> Object:
        self.at += 1
        return self.now[0]

    def list(self, *_: object, **__: object) -> list[Object]:
        return self.now[1]

    @property
    def now(self) -> Look:
        return self.looks[min(self.at, len(self.looks)) - 1]


def followed(*looks: tuple[Object, list[Object]]) -> tuple[Object | None, list[str]]:
    told: list[str] = []
    clock = iter(range(10_000))
    reach = Reach(Played(*looks), "identity", "contoso")  # type: ignore[arg-type]
    found = follow(reach, ASKED, Patience(100, lambda _: None, lambda: float(next(clock))), told.append)
    return found, told


def asked_for(number: int, phase: str, text: str = "now", **status: Any) -> Object:
    made = run(number, phase, **status)
    made["metadata"]["annotations"] = {HANDLED: Handled({"requestedAt": text}).text()}
    return made


def test_it_waits_for_the_run_that_was_made_for_it_and_for_the_status() -> None:
    body, over = annotated("requestedAt", "now"), asked_for(2, "Succeeded")
    going = asked_for(2, "Running", progress={"phase": "export", "done": 3, "total": 9, "unit": "objects"})
    old = asked_for(1, "Succeeded", "before")
    told = {**body, "status": {"runs": 2}}
    looks = [(body, [old]), (body, [old, going]), (body, [old, going]), (body, [old, over]), (told, [old, over])]
    found, said = followed(*looks)
    assert found == over
    assert said == ["contoso-2: export 3 of 9 objects"]
    with pytest.raises(TookTooLong):
        followed(*looks[:4])


def test_an_interrupted_run_is_resumed_by_the_next_one() -> None:
    body = {**annotated("requestedAt", "now"), "status": {"runs": 3}}
    interrupted = asked_for(2, "Failed", reason="Interrupted")
    found, _ = followed((body, [interrupted]), (body, [interrupted, asked_for(3, "Succeeded")]))
    assert found is not None
    assert found["spec"]["number"] == 3


def test_it_says_where_to_look_when_nobody_answers_and_gives_up() -> None:
    told: list[str] = []
    clock = iter(range(10_000))
    reach = Reach(Played((annotated("requestedAt", "now"), [])), "identity", "contoso")  # type: ignore[arg-type]
    with pytest.raises(TookTooLong, match="100 seconds"):
        follow(reach, ASKED, Patience(100, lambda _: None, lambda: float(next(clock))), told.append)
    assert told == ["nobody has taken it up yet; does an operator look after this namespace?"]


def test_somebody_elses_later_text_ends_the_wait() -> None:
    with pytest.raises(TookTooLong, match="another text"):
        followed((annotated("requestedAt", "later"), []))


def test_an_old_refusal_does_not_end_the_wait_and_a_new_one_does() -> None:
    def stalled(generation: int) -> Object:
        one = {
            "type": "Stalled",
            "status": "True",
            "reason": "InvalidSpec",
            "message": "no",
            "observedGeneration": generation,
        }
        return {**annotated("requestedAt", "now"), "status": {"runs": 2, "conditions": [one]}}

    assert followed((stalled(0), []), (stalled(0), [asked_for(2, "Succeeded")]))[0]
    with pytest.raises(InputRefused, match="no run is made"):
        followed((stalled(1), []))


@pytest.mark.parametrize(
    ("phase", "mode", "expected", "code"),
    [
        ("Succeeded", "Sync", 3, Exit.OK),
        ("Incomplete", "Sync", 3, Exit.PENDING),
        ("Failed", "Sync", 3, Exit.FAILED),
        ("Cancelled", "Sync", 3, Exit.FAILED),
        ("Succeeded", "Plan", 3, Exit.PENDING),
        ("Succeeded", "Plan", 0, Exit.OK),
    ],
)
def test_the_exit_code_of_a_run(phase: str, mode: str, expected: int, code: Exit) -> None:
    assert telling.run_code(run(1, phase, mode=mode, objects=tally(expected))) is code


def test_the_exit_code_of_a_status() -> None:
    def body(kind: str, status: str, observed: int = 1) -> Object:
        condition = {"type": kind, "status": status, "reason": "x", "message": "y"}
        return config(status={"observedGeneration": observed, "conditions": [condition]})

    assert telling.status_code(body("Ready", "True")) is Exit.OK
    assert telling.status_code(body("Ready", "True", 0)) is Exit.PENDING
    assert telling.status_code(body("Ready", "False")) is Exit.PENDING
    assert telling.status_code(body("Stalled", "True")) is Exit.FAILED
    assert telling.status_code(config()) is Exit.PENDING


def test_no_control_character_of_a_name_reaches_the_terminal() -> None:
    told = telling.history_lines([run(1, "Succeeded", message="a\x1b[31mb")])
    assert "\x1b" not in "".join(told)
    assert len(told) == 2


def test_decisions_of_ramps_are_told_the_newest_first() -> None:
    made = [
        run(number, ramps=[{"name": "large", "decisions": [{"time": f"2026-11-0{number}", "what": what}]}])
        for number, what in ((1, "Growing"), (2, "Soaking"))
    ]
    assert [each["what"] for each in telling.decisions(made)] == ["Soaking", "Growing"]
    assert "DECIDED" in "\n".join(telling.history_lines(made))


def explained(code: int, output: str = "", errors: str = "") -> tuple[int, str, str]:
    reach = Reach(Played(), "identity", "contoso", "prod")  # type: ignore[arg-type]
    typed = explaining.command(reach, "-anna", "ops", "/state", ["--members"])
    assert typed[:5] == ["kubectl", "--context", "prod", "--namespace", "ops"]
    assert typed[typed.index("--") + 1 :] == [
        "syncramp", "explain", "--state", "/state/identity.contoso.db", "--members", "--", "-", "-anna"
    ]  # fmt: skip

    def execute(_: Any, document: bytes) -> "subprocess.CompletedProcess[bytes]":
        assert b'"name": "contoso"' in document
        return subprocess.CompletedProcess([], code, output.encode(), errors.encode())

    body = {**config(), "apiVersion": "syncramp.io/v1alpha1", "kind": "SyncConfig"}
    return explaining.explained(typed, body, "ops", execute)


def test_without_a_folder_the_operator_of_the_pod_knows_where_its_stores_are() -> None:
    reach = Reach(Played(), "identity", "contoso")  # type: ignore[arg-type]
    typed = explaining.command(reach, "anna", "ops", "")
    assert typed[typed.index("python") :] == [
        "python", "-P", "-m", "syncramp_operator.explain", "identity/contoso", "--", "-", "anna"
    ]  # fmt: skip


def test_an_explanation_keeps_its_exit_code_and_what_it_says() -> None:
    assert explained(2, "Anna\n", "a note\ncommand terminated with exit code 2\n") == (2, "Anna\n", "a note\n")


def test_a_missing_right_to_enter_the_pod_is_named() -> None:
    forbidden = 'Error from server (Forbidden): pods "x" is forbidden: User "a" cannot create resource "pods/exec"'
    with pytest.raises(NotAllowed, match="create on pods/exec"):
        explained(1, errors=forbidden)
    with pytest.raises(PodUnreachable, match="not found"):
        explained(1, errors='Error from server (NotFound): deployments.apps "syncramp-operator" not found')


def test_the_operators_namespace_is_that_of_the_lease() -> None:
    assert explaining.home_of(config(status={"lease": {"namespace": "ops"}})) == "ops"
    assert explaining.home_of(config()) == explaining.HOME


def test_the_page_has_every_command_and_every_option() -> None:
    table = rows(section("docs/kubectl.md", "## Commands"))
    assert sorted(coded(row[0])[0].split()[0] for row in table) == sorted(COMMANDS)
    told = {name for row in rows(section("docs/kubectl.md", "## Options")) for name in coded(row[0])}
    options = [each for command in COMMANDS.values() for each in command.params if each.param_type_name == "option"]
    assert told == {name for each in options for name in (*each.opts, *each.secondary_opts)}


def test_the_page_tells_every_right() -> None:
    assert "pods/exec" in text("docs/kubectl.md")
