"""Written-back groups at a strict domain controller, and looks at them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.ad_double_search import Limits
from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account
from support.looked import Seen, mark
from syncramp.source.ldap import LdapSource


def written(replica: Replica, number: int, unit: bytes, *members: bytes) -> bytes:
    """A group as it is written back."""
    return replica.group(f"Group {number}", unit, adminDescription=[mark(number).encode()], member=list(members))


def seen_at(*controllers: Controller) -> Seen:
    servers, ca = [one.url for one in controllers], b"".join(one.ca for one in controllers)
    return Seen(LdapSource("corp", servers, READER, PASSWORD, ca, ["DC=test"]), "DC=test", "OU=Written,DC=test")


@contextmanager
def served(replica: Replica, folder: Path, account: Account | None = None, **limits: int) -> Iterator[Controller]:
    controller = Controller(replica, {READER: account or Account()}, Limits(**limits))
    with controller.running(folder):
        yield controller
