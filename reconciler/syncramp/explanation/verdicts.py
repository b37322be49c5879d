"""Is an entry synchronised: each scope of its source asked about it, and what the rules say in the end."""

from collections.abc import Iterator, Sequence

from syncramp.model.explanation import ScopeTold, Standing, Verdict
from syncramp.model.facts import Entry
from syncramp.rules.anchors import kept_out
from syncramp.rules.exclusions import EXCLUSIONS
from syncramp.rules.own import left_out_by
from syncramp.rules.ruleset import Ruleset
from syncramp.rules.types import Decision
from syncramp.spec.types import Rule
from syncramp.store.lookup import Row
from syncramp.store.staging import DELETED, GONE

_ABSENT_ONCE = "one complete import did not see it; a second one must agree"
_ABSENT = "two complete imports in a row did not see it"
_DELETED = "its directory says that it was deleted"
_NO_SOURCE = "the document does not name its source: what the cloud has of it stays as it is, and nothing comes"


def verdict(
    row: Row, rules: Ruleset | None, own: Sequence[Rule] = (), *, adds: bool = False
) -> tuple[Verdict, Decision | None]:
    """What the rules of today say of an entry, and what they make of it.

    :param rules: those of its source; None: the document does not name that source.
    :param own: the document's own rules for its kind and source.
    :param adds: it adds to the object of another entry, and so needs no anchor.
    """
    staged = row.staged
    if rules is None:
        return Verdict(Standing.NO_SOURCE, _NO_SOURCE), None
    if staged.absent:
        return _absent(staged.absent), None
    decision = rules.decide(staged.entry)
    asked = tuple(_asked(rules, staged.entry))
    if adds and decision.part is not None:
        return Verdict(Standing.IN_SCOPE, scopes=asked), decision
    if decision.object is None:
        standing = Standing.UNDECIDED if decision.undecided else Standing.OUT_OF_SCOPE
        because = decision.detail or _because(staged.entry, decision.reason, own)
        return Verdict(standing, decision.reason, because, asked), decision
    if decision.anchorless and not row.known:
        return Verdict(Standing.OUT_OF_SCOPE, kept_out(decision.anchorless), "", asked), decision
    return Verdict(Standing.IN_SCOPE, scopes=asked), decision


def _absent(absent: int) -> Verdict:
    if absent < GONE:
        return Verdict(Standing.ABSENT_ONCE, _ABSENT_ONCE)
    return Verdict(Standing.ABSENT, _ABSENT if absent < DELETED else _DELETED)


def _because(entry: Entry, reason: str, own: Sequence[Rule]) -> str:
    """What of an entry leaves it out, in the words of the rule that does."""
    for rule in own:
        if rule.excludes and reason == left_out_by(rule.name):
            return rule.when or "every entry of its kind"
    for exclusion in EXCLUSIONS.get(entry.kind, ()):
        if exclusion.reason == reason and exclusion.holds(entry):
            return exclusion.when
    return ""


def _asked(rules: Ruleset, entry: Entry) -> Iterator[ScopeTold]:
    """Each scope, asked as the rules ask it: where, then of which kind, then its filter, then its pilot group."""
    for scope, test in zip(rules.scopes, rules.tests, strict=True):
        below = test.holds_place(entry)
        kind = entry.kind in scope.kinds if below else None
        matches = test.matches(entry) if kind else None
        names = tuple(sorted(each.value for each in scope.kinds))
        yield ScopeTold(
            test.place.base,
            names,
            scope.filter or "",
            below,
            kind,
            matches,
            excluded=test.excluded_by(entry) if test.lies_below(entry) else "",
            group=scope.group or "",
            member=test.chooses(entry) if matches else None,
            lost=test.place.lost,
        )
