"""Whatever happens to an operator between two looks, and in the middle of one, each request is taken up once."""

import json
from collections import Counter
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from support.acting import Acting
from support.cluster_in_memory import Died, Object
from syncramp_operator.actors.known import HANDLED, is_over, number_of

STEP = st.one_of(
    st.tuples(st.just("look"), st.just(0)),
    st.tuples(st.just("look late"), st.just(0)),
    st.tuples(st.just("request"), st.integers(0, 3)),
    st.tuples(st.just("end"), st.integers(0, 3)),
    st.tuples(st.just("edit"), st.integers(30, 33)),
    st.tuples(st.just("secret"), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.sampled_from([1, 10, 100, 2000])),
    st.tuples(st.just("restart"), st.booleans()),
    st.tuples(st.just("die while looking"), st.integers(1, 4)),
    st.tuples(st.just("outage"), st.just(0)),
)
NAMES = ("requestedAt", "forceAt", "planAt", "approve")
ENDINGS = ("Succeeded", "Incomplete", "Failed", "Cancelled")


class Walk:
    """One operator and what befalls it."""

    def __init__(self) -> None:
        self.acting = Acting()
        self.acting.apply()
        self.seen = self.acting.config()
        self.asked: dict[str, str] = {}
        self.made: dict[str, Object] = {}
        self.requests = 0

    def step(self, what: str, how: int) -> None:
        acting = self.acting
        if what == "look":
            acting.look()
            self.seen = acting.config()
        elif what == "look late":
            acting.look(seen=self.seen)
        elif what == "request":
            self.ask(NAMES[how])
        elif what == "end":
            self.end(ENDINGS[how])
        elif what == "edit":
            acting.apply(patch={"spec": {"interval": f"{how}m"}})
        elif what == "secret":
            acting.put_secret("reader", f"{how}")
        elif what == "wait":
            acting.clock.forward(seconds=how)
        elif what == "restart":
            acting.restart(kills_runs=bool(how))
        elif what == "die while looking":
            acting.cluster.fuse = how
            with suppress(Died):
                acting.look()
            acting.cluster.fuse = 0
            acting.restart()
        else:
            config = acting.config()
            actor = acting.actor()
            acting.cluster.down = True
            acting.step(actor, config)
            acting.cluster.down = False
        self.check()

    def ask(self, name: str) -> None:
        self.requests += 1
        self.asked[name] = f"{self.requests:032x}"
        self.acting.annotate(**{name: self.asked[name]})

    def end(self, phase: str) -> None:
        for run in self.acting.runs():
            if not is_over(run) and run["metadata"]["uid"] in self.acting.stage.alive:
                family = {"family": "Retry", "reason": "SourceUnavailable"} if phase == "Failed" else {}
                self.acting.stage.end(run, phase, **family)

    def check(self) -> None:
        runs = self.acting.runs()
        self.made |= {run["metadata"]["name"]: run for run in runs}
        assert sum(not is_over(run) for run in runs) <= 1, "two runs are under way"
        taken = Counter[tuple[str, str]]()
        before: dict[str, str] = {}
        for run in sorted(self.made.values(), key=number_of):
            handled = json.loads(run["metadata"]["annotations"][HANDLED])["requests"]
            taken.update(new for new in handled.items() if before.get(new[0]) != new[1])
            before = handled
        assert all(times == 1 for times in taken.values()), "a request was taken up twice"

    def settle(self) -> None:
        """Whatever is due is done, without anything new."""
        self.acting.clock.forward(hours=2)
        for _ in range(12):
            self.acting.look()
            self.end("Succeeded")
            self.acting.clock.forward(seconds=30)
        self.acting.look()
        self.check()


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, min_size=5, max_size=40))
def test_every_request_is_taken_up_by_one_run_and_no_two_runs_are_under_way(steps: list[tuple[str, int]]) -> None:
    walk = Walk()
    for what, how in steps:
        walk.step(what, how)
    walk.settle()
    told = walk.acting.status()
    assert told.get("lastHandled", {}) == walk.asked
    assert "activeRun" not in told
    assert told["runs"] == max(map(number_of, walk.made.values()))
    assert walk.acting.office.queue.running == 0
