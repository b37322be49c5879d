"""How a probe asks: one object in a call, a look at what changed, and the patience until something can be seen.

Everything goes through the client that a run uses. What the service refuses is an answer too; what breaks on the way
is none, and ends the probe.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from syncramp.endpoint import contract
from syncramp.endpoint.client import V2Endpoint
from syncramp.endpoint.facts import ACCEPTED, QUESTIONS, REFUSED, Fact, Observed
from syncramp.endpoint.faults import TokenRefused
from syncramp.endpoint.listening import Ear, details_of, forms_of_members
from syncramp.endpoint.props import source_anchor, value_of
from syncramp.errors import AccessDenied, CallFailed, ServiceRefused, Stopped
from syncramp.model.wire import Operation, Outcome, Result, SyncObject
from syncramp.words import printable

PATIENCE = 300.0
"""Seconds until what should become visible counts as never becoming so: ten times the delay that is documented."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 10.0
"""Seconds between two looks; doubled each time."""
_ANSWERED = (CallFailed, ServiceRefused, AccessDenied, TokenRefused)
"""What the client makes of faults; the words of one about a value may look like those about a token."""
UNCERTAIN = "the answer has no result for what was sent"


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one object: accepted, refused by itself, or with its whole call."""

    accepted: bool
    text: str = ""
    code: str = ""
    operation: str = ""
    whole: bool = False
    """The call was refused with a fault."""

    @property
    def word(self) -> str:
        """For a fact."""
        return ACCEPTED if self.accepted else REFUSED

    @property
    def evidence(self) -> str:
        """What the service said, with its code."""
        form = "fault" if self.whole else "code"
        return " ".join(part for part in (f"{form} {self.code}:" if self.code else "", self.text) if part)


@dataclass
class Asker:
    """One who asks, and keeps what was found.

    :param ear: hears what the endpoint is answered.
    :param tell: told each fact as it is found.
    :param stop: ends waiting, and what has not begun.
    """

    endpoint: V2Endpoint
    ear: Ear
    tell: Callable[[str, Fact], None]
    stop: threading.Event = field(default_factory=threading.Event)
    patience: float = PATIENCE
    facts: dict[str, Fact] = field(default_factory=dict)
    cookie: bytes | None = None
    """Where the last look ended."""
    pages: int = 0
    """Of the last look."""
    ended: bool = False
    """The last look came to a marked end."""
    made: dict[str, str] = field(default_factory=dict)
    """Anchor -> kind of what is there, or may be, because of what was sent."""
    group: str = ""
    """The source anchor of the group whose members are looked at."""
    forms: list[str] = field(default_factory=list)
    """In which they were shown, in every look until now."""
    anchors: dict[str, str] = field(default_factory=dict)
    """Source anchor -> cloud anchor of what was seen."""

    def go_on(self) -> None:
        """Looked at before each step.

        :raises Stopped: somebody asked for an end.
        """
        if self.stop.is_set():
            raise Stopped("the probe was stopped", remedy="it removes what it made; begin it again when you like")

    def note(self, name: str, observed: Observed, evidence: str = "", *, agrees: bool | None = None) -> None:
        """Keep a fact, and tell it."""
        said = observed if not isinstance(observed, str) else printable(observed)
        self._keep(name, QUESTIONS[name].answered(said, printable(evidence), agrees=agrees))

    def skip(self, name: str, why: str) -> None:
        """Keep that a question was not asked, or had no answer."""
        self._keep(name, QUESTIONS[name].not_tried(why))

    def _keep(self, name: str, fact: Fact) -> None:
        self.facts[name] = fact
        self.tell(name, fact)

    def send(self, obj: SyncObject) -> Said:
        """One object in a call of its own; what may be there afterwards is kept."""
        self.endpoint.reserve(1, obj.links, wait=True)
        anchor, new = source_anchor(obj), source_anchor(obj) not in self.made
        if new and obj.operation is not Operation.DELETE:
            self.made[anchor] = obj.kind
        said = self.said(lambda: self.endpoint.provision([obj])[0])
        if said.accepted is (obj.operation is Operation.DELETE) and (new or said.accepted):
            self.made.pop(anchor, None)
        return said

    def send_raw(self, obj: SyncObject, form: contract.Form = "typed") -> Said:
        """The same, with a body that the client would not write.

        :param form: of its values.
        """
        body = contract.provision([obj], values=form)

        def outcome() -> Outcome:
            return contract.read_outcomes(self.endpoint.ask(contract.PROVISION, body), [obj])[0]

        return self.said(outcome)

    def said(self, call: Callable[[], Outcome]) -> Said:
        """What a call came to.

        :raises SyncrampError: it came to nothing that is an answer.
        """
        self.ear.empty()
        try:
            outcome = call()
        except _ANSWERED:  # busy, late or lost is no answer
            fault = self.ear.fault
            if fault is None or fault.redirect:
                raise
            return Said(False, fault.text, fault.code, whole=True)
        if outcome.result is Result.UNKNOWN:
            raise ServiceRefused(UNCERTAIN, where=contract.PROVISION)
        details = details_of(self.ear.last)
        text = outcome.description + (f" [{details}]" if details else "")
        return Said(outcome.result is Result.APPLIED, text, outcome.code.removeprefix("0"), outcome.operation)

    def look(self, *, whole: bool = False) -> Sequence[SyncObject]:
        """What changed since the last look; the first pages of it where no way leads to the others.

        :param whole: everything instead.
        """
        objects: list[SyncObject] = []
        self.pages = 0
        try:
            for page in self.endpoint.read_back(None if whole else self.cookie):
                self.pages += 1
                objects += page.objects
                self.anchors |= {source_anchor(obj): str(value_of(obj, "CloudAnchor")) for obj in page.objects}
                self.cookie, self.ended = page.cookie, page.more is False
                if self.ear.last is not None:
                    self.forms += forms_of_members(self.ear.last, self.group)
        except ServiceRefused:  # it promises more, and no cookie was recognised
            if not self.pages:
                raise
        return objects

    def until(self, seen: Callable[[], bool]) -> bool:
        """Look again and again until something is seen.

        :returns: whether it was seen before patience ended.
        :raises Stopped: somebody asked for an end.
        """
        waited, pause = 0.0, FIRST_PAUSE
        while not seen():
            if waited >= self.patience:
                return False
            self.go_on()
            self.stop.wait(pause)
            waited, pause = waited + pause, min(2 * pause, LONGEST_PAUSE)
        return True
