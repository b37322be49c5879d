"""A linter of statuses: whether a SyncConfig is one that kubectl, GitOps tools and people read without surprise.

Every rule has a code. What fails must never be seen, what warns is worth a look. Some rules hold only once the
operator has come to rest (``settled``); all others hold at any moment, also in the middle of a run, so scenarios ask
them whenever they look at an object.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from syncramp_operator.status.conditions import KINDS
from syncramp_operator.status.reasons import Reason

LARGEST = 32 * 1024
_FIELDS = {"type", "status", "observedGeneration", "lastTransitionTime", "reason", "message"}
_REASON = re.compile(r"[A-Z][A-Za-z0-9]*")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_ALWAYS = {kind.type for kind in KINDS if kind.always}
_WISHED = {kind.type for kind in KINDS if kind.wished}
_OURS = {kind.type for kind in KINDS}
_EARLIER = {"Accepted"}
"""Reasons of a document that was judged and not run yet."""
_PERSON = {"ApprovalRequired", "AdoptionRequired", "RampPaused"}
_SKEW = timedelta(seconds=5)

Object = dict[str, Any]


@dataclass(frozen=True)
class Lint:
    """One broken rule."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


@dataclass(frozen=True)
class Looked:
    """An object, with its conditions at hand."""

    body: Object
    now: datetime

    @property
    def status(self) -> Object:
        return self.body.get("status", {})

    @property
    def generation(self) -> int:
        return int(self.body["metadata"]["generation"])

    @property
    def listed(self) -> list[Object]:
        return list(self.status.get("conditions", ()))

    @property
    def by_type(self) -> dict[str, Object]:
        return {condition.get("type", ""): condition for condition in self.listed}

    def state(self, name: str) -> str:
        """True, False, Unknown; empty where the condition is not there."""
        return str(self.by_type.get(name, {}).get("status", ""))

    def has(self, name: str) -> bool:
        return name in self.by_type

    def named(self, name: str) -> Object:
        return self.by_type.get(name, {})


def check_status(body: Object, *, settled: bool = False, now: datetime | None = None) -> dict[str, Object]:
    """The conditions by type; an assertion tells every rule that fails.

    :param settled: the operator has come to rest: nothing runs, nothing is due.
    """
    failing = [str(found) for found in lint(body, settled=settled, now=now) if found.code.startswith("FAIL")]
    assert not failing, "\n".join([*failing, json.dumps(body.get("status"), indent=1)])
    return Looked(body, datetime.now(UTC)).by_type


def lint(body: Object, *, settled: bool = False, now: datetime | None = None) -> list[Lint]:
    """Every rule that is broken."""
    looked = Looked(body, now or datetime.now(UTC))
    rules = (*_ALWAYS_RULES, *_CONDITION_RULES) + (_SETTLED_RULES if settled else ())
    return [Lint(code, text) for code, text, broken in rules if broken(looked)]


def _each(rule: Callable[[Looked, Object], bool]) -> Callable[[Looked], bool]:
    """A rule that one condition can break."""
    return lambda looked: any(rule(looked, condition) for condition in looked.listed)


def _observed(found: Object) -> int:
    value = found.get("observedGeneration")
    return value if isinstance(value, int) else 0


def _untimely(looked: Looked, condition: Object) -> bool:
    text = str(condition.get("lastTransitionTime"))
    if not _TIME.fullmatch(text):
        return True
    return datetime.fromisoformat(text) > looked.now + _SKEW


def _unreadable(_: Looked, condition: Object) -> bool:
    message = str(condition.get("message", ""))
    return not message.strip() or len(message.encode()) > 1024 or not message.isprintable()


def _long_column(looked: Looked) -> bool:
    return looked.state("Ready") == "True" and len(looked.by_type["Ready"]["message"]) >= 80


def _unknown_reason(_: Looked, condition: Object) -> bool:
    reason = str(condition.get("reason"))
    if condition.get("type") in _OURS:
        return reason not in {each.value for each in Reason} | _EARLIER
    return not _REASON.fullmatch(reason)


def _at_odds(looked: Looked) -> bool:
    ready, stalled = looked.by_type.get("Ready", {}), looked.by_type.get("Stalled")
    return stalled is not None and any(ready.get(name) != stalled.get(name) for name in ("reason", "message"))


def _falsely_there(_: Looked, condition: Object) -> bool:
    return condition.get("type") in _OURS - _ALWAYS - _WISHED and condition.get("status") != "True"


def _unwished(looked: Looked) -> bool:
    """A condition of what the document does not ask for, or none of what it asks for."""
    asked = {"WritebackReady"} if looked.body.get("spec", {}).get("writeback") else set()
    return "runs" in looked.status and looked.by_type.keys() & _WISHED != asked


def _falsely_ready(looked: Looked) -> bool:
    return looked.state("Ready") == "True" and looked.state("WritebackReady") == "False"


def _idle(looked: Looked) -> bool:
    """Nobody is on the way, and nobody is asked: the object stays as it is without a word why."""
    asked = _PERSON | {"Reconciling", "Stalled"}
    return _undecided(looked) and not asked & looked.by_type.keys()


def _unread_errors(looked: Looked) -> bool:
    ready = looked.by_type.get("Ready", {})
    return ready.get("status") == "False" and ready.get("message") == ready.get("reason")


def _misread(_: Looked, condition: Object) -> bool:
    return condition.get("status") not in ("True", "False", "Unknown")


def _ahead(looked: Looked, condition: Object) -> bool:
    return not 1 <= _observed(condition) <= _observed(looked.status)


def _incomplete(looked: Looked) -> bool:
    return "runs" in looked.status and not looked.by_type.keys() >= _ALWAYS


def _undecided(looked: Looked) -> bool:
    """A document that is suspended before its first run stays unknown."""
    return looked.state("Ready") == "Unknown" and looked.by_type["Ready"]["reason"] != "Suspended"


def _both(first: str, second: str) -> Callable[[Looked], bool]:
    return lambda looked: {first, second} <= looked.by_type.keys()


_Rule = tuple[str, str, Callable[[Looked], bool]]

_ALWAYS_RULES: tuple[_Rule, ...] = (
    ("FAIL0001", "Ready is always there", lambda it: "Ready" not in it.by_type),
    ("FAIL0002", "a type stands once", lambda it: len(it.by_type) != len(it.listed)),
    ("FAIL0003", "observed is from 1 to generation", lambda it: not 1 <= _observed(it.status) <= it.generation),
    ("FAIL0004", "what is stalled is not ready", lambda it: it.has("Stalled") and it.state("Ready") != "False"),
    (
        "FAIL0005",
        "what is ready is not reconciling",
        lambda it: it.has("Reconciling") and it.state("Ready") == "True",
    ),
    ("FAIL0006", "what is stalled is not reconciling", _both("Stalled", "Reconciling")),
    ("FAIL0007", "Stalled says what Ready says", _at_odds),
    ("FAIL0008", "the message of a Ready that is True fits a column", _long_column),
    ("FAIL0009", "SourcesReady and TargetReady are always there", _incomplete),
    ("FAIL0010", "a status is below 32 KiB", lambda it: len(json.dumps(it.status).encode()) >= LARGEST),
    ("FAIL0011", "at most 16 conditions", lambda it: len(it.listed) > 16),
    ("FAIL0012", "retryTime needs failures", lambda it: "retryTime" in it.status and not it.status.get("failures")),
    ("FAIL0013", "WritebackReady is there where groups are written back", _unwished),
    ("FAIL0014", "what is ready wrote back what it should", _falsely_ready),
    ("WARN0001", "nobody is on the way and nobody is asked", _idle),
    ("WARN0002", "the message says no more than the reason", _unread_errors),
)
_CONDITION_RULES: tuple[_Rule, ...] = (
    ("FAIL0021", "a condition has its six fields", _each(lambda _, one: set(one) != _FIELDS)),
    ("FAIL0022", "True, False or Unknown", _each(_misread)),
    ("FAIL0023", "only while it is True", _each(_falsely_there)),
    ("FAIL0024", "of this or an earlier generation", _each(_ahead)),
    ("FAIL0025", "a reason is one that is documented", _each(_unknown_reason)),
    ("FAIL0026", "a message is one line of at most 1,024 bytes", _each(_unreadable)),
    ("FAIL0027", "a transition lies in the past, in seconds of UTC", _each(_untimely)),
)
_SETTLED_RULES: tuple[_Rule, ...] = (
    ("FAIL0101", "the newest generation is observed", lambda it: _observed(it.status) != it.generation),
    ("FAIL0102", "Ready is of the newest generation", lambda it: _observed(it.named("Ready")) != it.generation),
    ("FAIL0103", "nothing is on its way", lambda it: it.has("Reconciling")),
    ("FAIL0104", "no run is under way", lambda it: bool(it.status.get("activeRun"))),
    ("FAIL0105", "it is known whether it is ready", _undecided),
)
CODES = [code for code, _, _ in (*_ALWAYS_RULES, *_CONDITION_RULES, *_SETTLED_RULES)]
