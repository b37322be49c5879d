"""One domain controller and a copy of its domain that follows it, for tests of how changes are found."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.ad_double_search import Limits
from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account
from support.mirror import Mirror
from syncramp.model.facts import Proof
from syncramp.source.ldap import LdapSource
from syncramp.source.ldap.watermark import Watermark, decoded

WANTED = frozenset({"cn", "mail", "manager", "member"})
EVERY_RIGHT = Account()
NO_RIGHT = Account(replicates=False)
NO_RIGHTS = Account(replicates=False, sees_deleted=False)


@contextmanager
def served(folder: Path, account: Account = EVERY_RIGHT, replica: Replica | None = None) -> Iterator[Controller]:
    replica = replica or make_domain()
    limits = Limits(max_page=3, max_values=2, dirsync_bytes=300)
    with Controller(replica, {READER: account}, limits=limits).running(folder) as server:
        yield server


def make_domain(name: str = "DC=test") -> Replica:
    replica = Replica(name)
    replica.user("first")
    replica.delete(replica.user("left"))
    return replica


def read(server: Controller, mirror: Mirror, tracking: str = "Auto") -> Proof:
    base = server.replica.domain
    source = LdapSource("directory", [server.url], READER, PASSWORD, server.ca, [base], tracking=tracking)
    return mirror.take(source.read(base, WANTED, mirror))


def mark_of(mirror: Mirror) -> Watermark:
    mark = decoded(mirror.watermark)
    assert mark is not None
    return mark
