"""Two controllers of one domain, as strict doubles, and a source that reads from them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from support.ad_double_search import Limits
from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.known import Before
from syncramp.model.facts import Entry, Fact, Links, Proof
from syncramp.source.ldap import LdapSource

WANTED = frozenset({"cn", "description"})
PEOPLE = 30


def replicas() -> tuple[Replica, Replica]:
    """The second one has everything of the first one."""
    first, second = Replica(number=1), Replica(number=2)
    first.delete(first.user("gone"))  # an account is shown deleted entries where it sees one
    people = [first.user(f"u{number:02}") for number in range(PEOPLE)]
    first.link(first.group("staff"), *people)
    second.pull(first)
    first.pull(second)
    return first, second


@contextmanager
def two_served(folder: Path, *served: Replica, **limits: int) -> Iterator[tuple[LdapSource, list[Controller]]]:
    controllers = [Controller(replica, limits=Limits(**limits)) for replica in served]
    first, second = controllers
    with first.running(folder), second.running(folder):
        urls, cas = [one.url for one in controllers], b"".join(one.ca for one in controllers)
        yield LdapSource("directory", urls, READER, PASSWORD, cas, ["DC=test"]), controllers


def read(source: LdapSource, known: Before | None = None) -> list[Fact]:
    return list(source.read("DC=test", WANTED, known))


def proof_of(facts: Sequence[Fact]) -> Proof:
    *others, proof = facts
    assert isinstance(proof, Proof)
    assert not any(isinstance(fact, Proof) for fact in others)
    return proof


def users(facts: Sequence[Fact]) -> set[str]:
    return {fact.dn for fact in facts if isinstance(fact, Entry) and fact.dn.startswith("CN=u")}


def members(facts: Sequence[Fact]) -> int:
    return sum(len(fact.guids) + len(fact.dns) for fact in facts if isinstance(fact, Links))


def without_the_first(source: LdapSource) -> LdapSource:
    return LdapSource("directory", source.servers[1:], READER, PASSWORD, source.ca, ["DC=test"])


def only_the_first(source: LdapSource) -> LdapSource:
    return LdapSource("directory", source.servers[:1], READER, PASSWORD, source.ca, ["DC=test"])
