"""How an object of the tenant stands to the one that is wanted, and what of a whole adoption looks wrong.

A wrong anchor, a wrong scope or a wrong directory has one face: the tenant is full of objects that nobody wants, and
the directories are full of objects that the tenant does not have. So creates beside orphans are the alarm, and an
alarm is accepted by the digest of what was found, never in general.

The digest is over who is created, who stays an orphan and who is in conflict, and over the alarms themselves. That an
attribute changed meanwhile, or a member, makes it no other finding: differences wait for a person by themselves.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from syncramp.model.adoption import Alarm, Finding, Findings
from syncramp.model.uniques import PRIMARY, key, texts
from syncramp.model.values import Attributes, Value
from syncramp.model.wire import WireValue
from syncramp.plan.barriers import SIGN_IN
from syncramp.plan.comparison import Verdict, compare
from syncramp.words import count

CREATES = 50
"""Creates beside orphans that are no alarm; a living directory has so many newcomers (practice of administrators)."""
CREATES_PER_MATCHED = 1000
"""One create for so many matched objects is none either."""
COUNTS_PER = 1000
"""The tenant's own count and the read-back's may differ by one in so many."""
_CAUSE = "the anchor, a scope or a source may be another one than before"
FROZEN = 50_000
"""Members at which Microsoft's own client stops to synchronise a group over the older endpoint."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One matched object."""

    held: dict[str, Value]
    """What the cloud holds of what our rules manage; a value that it writes otherwise counts as the wanted one."""
    normalised: tuple[str, ...]
    different: tuple[str, ...]
    found: tuple[str, ...]
    """Differences by which somebody might be locked out, let in, or lose a mailbox."""


def judge(
    desired: Attributes, shown: Mapping[str, WireValue], managed: Collection[str], verified: Collection[str] = ()
) -> Judged:
    """What the cloud holds of a wanted object.

    :param managed: attributes that the rules give to objects of this kind, whether this one has a value or not.
    :param verified: domains of the tenant in small letters; empty: not known.
    """
    held, normalised, different = dict(desired), [], []
    for name, compared in compare(desired, shown, verified, managed).items():
        if compared.verdict is Verdict.NORMALISED:
            normalised.append(name)
        elif compared.verdict is Verdict.DIFFERENT:
            different.append(name)
            held.pop(name, None)
            if compared.shown not in (None, "", ()):
                held[name] = _typed(compared.shown, desired.get(name))
    found = tuple(name for name in different if _matters(name, held, desired))
    return Judged(held, tuple(normalised), tuple(different), found)


def _matters(name: str, held: Attributes, desired: Attributes) -> bool:
    """A difference is one of signing in: of addresses that of the primary one."""
    if name == "proxyAddresses":
        return _primary(held.get(name)) != _primary(desired.get(name))
    return name in SIGN_IN or name == "accountEnabled"


def _primary(addresses: Value | None) -> str:
    return next((key(text) for text in texts(addresses) if text.startswith(PRIMARY)), "")


def _typed(shown: Value | None, like: Value | None) -> Value:
    """A value of the read-back as the rules type it, which may write numbers and booleans as text."""
    if isinstance(shown, tuple):
        return tuple(sorted(shown))  # type: ignore[return-value]
    if isinstance(like, bool) and str(shown).lower() in ("true", "false"):
        return str(shown).lower() == "true"
    if isinstance(like, int) and isinstance(shown, str) and shown.lstrip("-").isdigit():
        return int(shown)
    return shown if shown is not None else ""


def frozen(desired: int, shown: int, missing: int) -> str:
    """Why a group's differences look as if the tool before had stopped to synchronise it; empty if they do not.

    :param missing: wanted members that the tenant does not have.
    """
    if not missing or max(desired, shown) < FROZEN:
        return ""
    return (
        f"frozen by the previous tool: the directory has {desired:,} members, the tenant {shown:,}, and a group of "
        f"{FROZEN:,} or more is not synchronised by every client"
    )


def alarms(findings: Findings, matching_orphans: int) -> Iterator[tuple[Alarm, str]]:
    """What looks wrong.

    :param matching_orphans: creates that the service would join with an orphan.
    """
    creates, orphans = findings.number(Finding.TO_CREATE), findings.number(Finding.ORPHAN)
    matched = findings.number(Finding.MATCHED)
    if orphans and creates > max(CREATES, matched // CREATES_PER_MATCHED):
        yield Alarm.MANY_CREATES, f"{count(creates, 'create')} beside {count(orphans, 'orphan')}: {_CAUSE}"
    if matching_orphans:
        number = count(matching_orphans, "create")
        yield Alarm.CREATES_MATCH_ORPHANS, f"{number} with a name, an address or a GUID that an orphan has: {_CAUSE}"
    if orphans > matched:
        yield Alarm.MANY_ORPHANS, f"{count(orphans, 'orphan')}, and {count(matched, 'object')} matched: {_CAUSE}"
    if not agree(findings):
        shown = f"{findings.anchored:,} with a source anchor and {findings.shown:,} in all"
        yield Alarm.COUNTS_DIFFER, f"the tenant counts {findings.counted:,} objects, the read-back showed {shown}"
    if incomplete := sorted({source.source for source in findings.report.sources if not source.complete}):
        names = ", ".join(incomplete)
        yield Alarm.SOURCE_INCOMPLETE, f"not read completely: {names}; what is of it looks like an orphan"


def agree(findings: Findings) -> bool:
    """The tenant's own count is the read-back's, to one in a thousand; true where it gives none.

    What the count counts is not public: with or without what is mastered in the cloud will do.
    """
    counted = findings.counted
    if counted is None:
        return True
    room = counted // COUNTS_PER
    return any(abs(counted - number) <= room for number in (findings.anchored, findings.shown))


def digest(alarming: Collection[str], found: Iterable[tuple[str, str, str]]) -> str:
    """What an acceptance names.

    :param alarming: names of the alarms.
    :param found: (finding, kind, anchor) of everything that is not matched, in the order of anchors.
    """
    whole = blake2b(repr(sorted(alarming)).encode(), digest_size=16)
    for row in found:
        whole.update(repr(tuple(row)).encode())
    return whole.hexdigest()
