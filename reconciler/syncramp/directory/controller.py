"""The one domain controller of a run, and the connection to it.

A connection that broke, or was idle for long, is made anew: to the same server, which must be the same database as
before and must not have gone back. Another server is never asked within a run: it may not have what was just written,
so that a group would be made twice and members be added again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from syncramp.errors import SourceUnavailable, SyncrampError
from syncramp.source.ldap.directory import LdapSource
from syncramp.source.ldap.root import Root
from syncramp.source.ldap.session import Session

IDLE_SECONDS = 300.0
"""After so long without a request a connection is made anew before one is sent: Active Directory ends one that was
idle for 900 s (MaxConnIdleTime, MS-ADTS 3.1.1.3.4.6), and then nobody knows whether the request arrived."""


@dataclass
class Controller:
    """A domain controller that was chosen."""

    source: LdapSource = field(repr=False)
    url: str
    partition: str
    """The naming context of the container; canonical."""
    root: Root
    """What it said when it was chosen."""
    _open: Session | None = field(repr=False)
    clock: Callable[[], float] = time.monotonic
    _used: float = field(init=False)
    _usn: int = field(init=False)
    """Its highestCommittedUSN when it was seen last."""

    def __post_init__(self) -> None:
        self._used = self.clock()
        self._usn = self.root.highest_usn or 0

    @property
    def writer(self) -> str:
        """Its invocation id in hexadecimal: the writer that its changes are counted for."""
        return (self.root.invocation_id or b"").hex()

    @property
    def usn(self) -> int:
        """The last of its changes that was seen."""
        return self._usn

    def session(self) -> Session:
        """The connection, which is open.

        :raises SyncrampError: there is none, and none can be made; nothing was sent.
        """
        now = self.clock()
        if self._open is not None and now - self._used > IDLE_SECONDS:
            self.close()
        if self._open is None:
            self._open = self.source.connect_to(self.url, writes=True)
            try:
                self._look_whether_it_is_the_same(self._open.root())
            except BaseException:
                self.close()
                raise
        self._used = now
        return self._open

    def count(self) -> bool:
        """Ask for the number of its last change; False: it does not answer, and may have made more of them."""
        try:
            self._usn = self.session().root().highest_usn or self._usn
        except SyncrampError:
            self.close()
            return False
        return True

    def close(self) -> None:
        """End the connection; the next request makes another one."""
        if self._open is not None:
            self._open.close()
        self._open = None

    def _look_whether_it_is_the_same(self, root: Root) -> None:
        if root.invocation_id != self.root.invocation_id or (root.highest_usn or 0) < self._usn:
            raise SourceUnavailable(
                "the domain controller is another one than at the beginning of the run, or was restored",
                where=self.url,
                remedy="the next run chooses one that has all that was written",
            )
