"""Every error of the engine: what is wrong, where, and what to do next.

    SyncrampError
    ├── Stalled                  a person must act; trying again changes nothing
    │   ├── InputRefused         a document, a file or a command line is not acceptable (exit code 3)
    │   ├── CredentialsRefused   a directory or the token issuer refused the credentials
    │   ├── AccessDenied         signed in, but the rights do not suffice
    │   ├── UntrustedServer      a certificate could not be verified
    │   ├── WireUnverified       nobody looked how the endpoint behaves, and the document needs that (3)
    │   ├── AnchorMismatch       the tenant's objects are tied to a directory by another attribute
    │   ├── AnotherSyncClientActive  another sync client was at work on the tenant lately
    │   ├── CapabilityLoss       the tenant uses what ends with the sync client before us
    │   ├── StoreUnusable        the store cannot be opened, or belongs to something else
    │   └── ServiceRefused       the endpoint refuses the whole call for a reason that will not go away
    │       ├── CallTooLarge     because it carries too much
    │       └── ClientVersionRefused  because of the client version that it tells
    ├── Waiting                  it will be possible at a known moment, without anybody's help
    │   ├── AnotherRunActive     another process holds the store
    │   ├── TenantHeld           another store's run is at work on the tenant
    │   ├── DirectoryBehind      no domain controller that answers has what was written last
    │   └── FenceLost            the right to write to the tenant was lost in the middle of a run
    └── Retry                    a passing fault: the next run tries again
        ├── SourceUnavailable    a directory cannot be reached, or broke off in the middle
        ├── SourceIncomplete     a source ended before all of it was read
        ├── EndpointUnavailable  the endpoint did not take the request: nothing was processed
        ├── CookieRefused        the service does not know any more where the last read-back ended
        ├── Stopped              the run was asked to stop before it sent this
        ├── DeadlineExceeded     the run lasted longer than it may
        └── AnswerLost           the request may have been processed: its effect is in doubt
            ├── CallTimedOut     it took longer than somebody on the way would wait
            └── CallFailed       the service failed on it in a way we do not know

The family decides what the operator does (stall, wait, back off) and ``reason`` is the reason of the condition it
writes. No text of these errors holds a secret: they are built from places, names and counts.
"""

from typing import ClassVar


class SyncrampError(Exception):
    """An error for people.

    :param what: what is wrong, one sentence without a full stop at its end.
    :param where: the place: a path in the YAML, a DN, an anchor, a file with its line, a host.
    :param remedy: what to do next, one sentence.
    """

    reason: ClassVar[str] = "SyncFailed"
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"; {self.remedy}" if self.remedy else ""
        return f"{place}{self.what}{advice}"


class Stalled(SyncrampError):
    """A person must act; trying again changes nothing."""


class Waiting(SyncrampError):
    """It will be possible at a known moment, without anybody's help.

    :param until: that moment, in seconds since the epoch; None: nobody can tell.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "", until: float | None = None) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.until = until


class Retry(SyncrampError):
    """A passing fault: the next run tries again."""


class InputRefused(Stalled):
    """A document, a file or a command line is not acceptable; nothing of it was applied."""

    reason = "InvalidSpec"
    exit_code = 3


class CredentialsRefused(Stalled):
    """A directory or the token issuer refused the credentials."""

    reason = "CredentialsInvalid"


class AccessDenied(Stalled):
    """Signed in, but the rights do not suffice."""

    reason = "AccessDenied"


class UntrustedServer(Stalled):
    """A server's certificate could not be verified."""

    reason = "UntrustedServer"


class WireUnverified(Stalled):
    """Nobody looked how the endpoint behaves, and the document does not take it as it is."""

    reason = "WireUnverified"
    exit_code = 3


class AnchorMismatch(Stalled):
    """The tenant's objects are tied to a directory by another attribute than the document's."""

    reason = "AnchorMismatch"


class AnotherSyncClientActive(Stalled):
    """Another sync client was at work on the tenant lately: two writers would undo each other's work.

    To wait helps nobody: whoever knows that client must switch it off, or say that it is to be replaced.
    """

    reason = "AnotherSyncClientActive"


class CapabilityLoss(Stalled):
    """The tenant uses what ends with the sync client before us, and the document does not accept that by name."""

    reason = "CapabilityLoss"


class StoreUnusable(Stalled):
    """The store cannot be opened, or belongs to another tenant, cloud or anchor."""

    reason = "StoreUnusable"


class StoreFailing(StoreUnusable):
    """The store's disk or file fails now, and may be well again without anybody telling us: it was full, or busy."""


class ServiceRefused(Stalled):
    """The endpoint refuses the whole call for a reason that will not go away by itself."""

    reason = "ServiceRefused"


class CallTooLarge(ServiceRefused):
    """The endpoint refuses the call because it carries too much; nothing of it was processed."""


class ClientVersionRefused(ServiceRefused):
    """The endpoint does not take the client version that is told to it; nothing was processed."""

    reason = "ClientVersionRefused"


class AnotherRunActive(Waiting):
    """Another process holds the store."""

    reason = "AnotherRunActive"


class TenantHeld(Waiting):
    """A run of another SyncConfig or another operator, with a store of its own, is at work on the tenant."""

    reason = "TenantHeld"


class FenceLost(Waiting):
    """The right to write to the tenant was lost in the middle of a run: nothing more is sent."""

    reason = "FenceLost"


class DirectoryBehind(Waiting):
    """No domain controller that answers has what was written last: replication brings it."""

    reason = "DirectoryBehind"


class SourceUnavailable(Retry):
    """A directory cannot be reached, or broke off in the middle of a read."""

    reason = "SourceUnavailable"
    horizon: bytes | None = None
    """Of a read that broke off: what was seen of the partition up to then, which no server may fall behind."""


class SourceIncomplete(Retry):
    """A source ended before all of it was read."""

    reason = "SourceIncomplete"
    horizon: bytes | None = None
    """As of ``SourceUnavailable``."""


class EndpointUnavailable(Retry):
    """The endpoint did not take the request: nothing of it was processed."""

    reason = "EndpointUnavailable"


class CookieRefused(Retry):
    """The service does not know any more where the last read-back ended: it must begin with everything."""

    reason = "CookieRefused"


class Stopped(Retry):
    """The run was asked to stop (SIGINT, SIGTERM) before it did this."""

    reason = "Stopped"


class DeadlineExceeded(Retry):
    """The run lasted longer than ``spec.timeout`` and was stopped, after its calls in flight."""

    reason = "DeadlineExceeded"


class AnswerLost(Retry):
    """The request may have been processed, but its answer did not arrive: its effect is in doubt."""

    reason = "AnswerLost"


class CallTimedOut(AnswerLost):
    """The answer took longer than we, or somebody on the way, would wait; the call may still be processed."""


class CallFailed(AnswerLost):
    """The service failed in a way we do not know; the call may have been processed, in part or as a whole."""
