"""What an answer looked like, beside what it means: for who asks how the service behaves.

The client reads answers leniently, and what it makes of them does not tell in which form they came. An ear keeps them
as elements.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from syncramp.endpoint import contract
from syncramp.endpoint.channel import Tap
from syncramp.endpoint.nbfx import Node, WireError
from syncramp.endpoint.soap import open_envelope
from syncramp.model.wire import AnchorType

XSI_TYPE = ("http://www.w3.org/2001/XMLSchema-instance", "type")
CHANGES, LIST = "changes", "list"
_FORMS = {"SyncReferenceChangeCollection": CHANGES, "ArrayOfstring": LIST}


@dataclass
class Ear:
    """Hears what a client is answered."""

    hosts: list[str] = field(default_factory=list)
    """That answered, each once, in the order in which they did."""
    answers: list[Node] = field(default_factory=list)
    """Bodies since it was last emptied."""

    def tap(self) -> Tap:
        """What a client lets it hear through."""
        return Tap(self.hear)

    def hear(self, host: str, data: bytes) -> None:
        """One answer; what is no message of the service is the client's business."""
        if host not in self.hosts:
            self.hosts.append(host)
        try:
            self.answers.append(open_envelope(data).body)
        except WireError:
            return

    def empty(self) -> None:
        """Forget the answers."""
        self.answers.clear()

    @property
    def last(self) -> Node | None:
        """The last answer."""
        return self.answers[-1] if self.answers else None

    @property
    def fault(self) -> contract.Fault | None:
        """The last answer, if it was a fault."""
        return contract.read_fault(self.last) if self.last else None


def members_beside_objects(body: Node) -> list[Node]:
    """Members of a read-back's result beside its objects: the cookie and the end mark are among them."""
    result = body.child(f"{contract.READ_BACK}Result")
    return [node for node in result.children if node.name != "ResultObjects"] if result else []


def described(members: list[Node]) -> str:
    """Members for people: names and forms, and of short values the value."""
    told = []
    for node in members:
        size = sum(map(len, node.parts))
        if any(isinstance(part, bytes) for part in node.parts):
            form = f"{size} bytes"
        else:
            form = repr(node.text) if size <= 10 else f"{size} characters"
        told.append(f"{node.name}: {form}")
    return ", ".join(told) or "no members beside the objects"


def forms_of_members(body: Node, group: str) -> Iterator[str]:
    """In which form a read-back shows the members of a group, each time it does.

    :param group: its source anchor.
    """
    for pairs in body.walk():
        if pairs.name == "PropertyValues":
            values = {
                pair.children[0].text.lower(): pair.children[1] for pair in pairs.children if len(pair.children) == 2
            }
            anchor, members = values.get("sourceanchor"), values.get("member")
            if anchor is not None and anchor.text == group and members is not None:
                yield _form(members)


def _form(members: Node) -> str:
    named = members.attributes.get(XSI_TYPE, "").rpartition(":")[2]
    types = {node.text.strip() for node in members.walk() if node.name == "referenceTypeInt"}
    by_cloud = named in _FORMS and str(AnchorType.CLOUD.value) in types
    return _FORMS.get(named, named or "a form without a type") + (" by cloud anchor" if by_cloud else "")


def details_of(body: Node | None) -> str:
    """``ErrorDetails`` of the first result of an export, whatever they hold."""
    if body is None:
        return ""
    for node in body.walk():
        if node.name == "ErrorDetails":
            return " ".join(part.text for part in node.walk() if part.parts)
    return ""
