"""A large group grows by steps: a person lets it go on, or gates do, or one of them stops it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from support.story import Story

Object = dict[str, Any]

EVERYBODY = set(range(1, 9))
STEPS = [{"ceiling": 2, "soak": {"cycles": 1}}, {"ceiling": 5, "soak": {"cycles": 1}}, {"ceiling": 8}]
MEASURED = (
    *("CycleDurationP95", "ExportLatencyP95", "LinkErrorRate", "ObjectErrorRate"),
    *("ThrottleShare", "ConfirmLagP95", "ReadBackDelta", "MemberCountAgrees"),
)
QUIET = [{"metric": metric, "disabled": True} for metric in MEASURED]
"""What a tenant with a handful of objects cannot measure."""


class Outside:
    """Another system, which a gate asks for a number."""

    def __init__(self) -> None:
        self.value: float = 0
        self.url = ""

    @contextmanager
    def running(self) -> Iterator["Outside"]:
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                body = json.dumps({"value": outside.value}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Not to the terminal."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            self.url = f"http://127.0.0.1:{server.server_address[1]}/"
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            yield self
            server.shutdown()
            thread.join(10)


def given(story: Story, *gates: Object) -> None:
    """A group of eight, on a ramp."""
    story.directory.people = set(EVERYBODY)
    story.directory.groups = {"everybody": set(EVERYBODY)}
    ramp = {"name": "large", "match": {"minMembers": 6}, "admit": "Members", "steps": STEPS}
    story.when_applied(groups={"ramps": [{**ramp, "gates": [*QUIET, *gates]}]})
    story.then_run("Succeeded", "Incomplete")


def members(story: Story) -> int:
    (size,) = story.cloud.groups.values()
    return size


def test_a_ramp_goes_on_when_a_person_promotes_it(story: Story) -> None:
    given(story)
    body = story.then_condition("RampProgressing")
    assert members(story) == 2
    assert (body["status"]["rampProgress"], body["status"]["rampStep"]) == ("2/8", "1/3")
    for step, size in ((1, 5), (2, 8), (3, 8)):  # nobody left, so no gate can say that the last step is well
        story.when_annotated(promote=f"large/{step}")
        story.then_run()
        assert members(story) == size
    story.then_no_condition("RampProgressing")
    story.then_ready()


def test_a_ramp_goes_on_by_itself_when_its_gates_pass(story: Story) -> None:
    given(story)
    assert members(story) == 2
    story.when_directory_changes(lambda directory: directory.groups["everybody"].discard(1))
    for _ in range(8):  # a removal has to be measured, and some runs
        story.then_run()
        if members(story) > 2:
            break
        story.when_requested()
    assert members(story) == 5
    decisions = [
        one["what"] for run in story.runs() for ramp in run["status"]["ramps"] for one in ramp.get("decisions", ())
    ]
    assert "Promoted" in decisions


def test_a_ramp_pauses_when_a_gate_says_that_it_must(story: Story) -> None:
    with Outside().running() as outside:
        tickets = {
            "metric": "External",
            "name": "tickets",
            "webhook": {"url": outside.url},
            "abort": {"maxValue": "5"},
        }
        given(story, tickets)
        story.then_condition("RampProgressing")
        outside.value = 10
        story.when_requested()
        story.then_run()
        story.then_condition("RampPaused", "True", "GateAborted")
        assert members(story) == 2
        outside.value = 0
        story.when_annotated(resume="large")
        story.then_run()
        story.then_condition("RampProgressing")
    assert members(story) == 2
