"""Is a read complete, fresh and permitted? Judged by its own proof, what the store knew, and what a person said.

A source proves that its stream came to an end. That proves nothing of what it never showed: a reader who may not see
an organizational unit any more, or an attribute, gets an answer that is whole and wrong, and so does one of a server
that was set up anew and is empty. So what a read does not show any more is compared with what was there:

- entries that are missing in such a number that it takes a person to believe it (not complete: ``shrunken``);
- a container of which nothing at all is shown any more (not permitted);
- an attribute that most of its holders lost at once: it is unread, not empty (not permitted);
- sentinels, entries that are looked up at the end of each read (not permitted).

Fewer deletes than that are the business of ``failsafe.deletes``, which counts what goes; this counts what was read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from syncramp.model.facts import Evidence, Proof
from syncramp.model.proofs import Accepted, Observed, Verdict
from syncramp.model.values import Kind
from syncramp.words import count

MISSING_FEWEST, MISSING_SHARE = 50, 0.2
"""Entries are missing beyond belief: more than 50, and more than a fifth of what was there. Twice what
``failsafe.deletes`` lets go (a tenth of a kind, with the same floor), since a person has to look at it twice."""
MOST_FEWEST, MOST_SHARE = 10, 0.5
"""Or at least ten, and more than half: of few entries, too, a read that misses most of them has lost its way."""
HIDDEN_FEWEST = 10
"""Entries below a container that are shown no more: so many do not leave together by chance."""
UNREAD_FEWEST, UNREAD_SHARE = 20, 0.5
"""An attribute is unread: at least 20 entries had it, and more than half of all that had it lost it in one read."""
UNREAD_CHANGED = 50
"""The same in a delta, of the entries that changed: a manager who leaves takes ``manager`` from the whole team."""


def judge(proof: Proof, seen: Observed, accepted: Accepted, called: str = "") -> Verdict:
    """The three proofs of a read.

    :param proof: what the source says.
    :param seen: what the store saw.
    :param accepted: what a person said; it counts once (``Accepted.taken``).
    :param called: the name of the source, for what a person is told to say.
    """
    strict = _judged(proof, seen, Accepted(), called)
    if strict.proven or accepted.taken:
        return strict
    mild = _judged(proof, seen, accepted, called)
    return replace(mild, taken=mild.proven)


def _judged(proof: Proof, seen: Observed, accepted: Accepted, called: str) -> Verdict:
    believed = accepted.entries is not None and seen.shown >= accepted.entries
    shrunken = "" if believed else _shrunken(seen)
    unread = frozenset(_unread(proof, seen)) - accepted.attributes
    return Verdict(
        _complete(proof, seen, shrunken, called),
        _fresh(proof, accepted, called),
        _permitted(proof, seen, unread, called, believed=believed),
        shrunken=proof.complete and bool(shrunken),
        unread=unread,
    )


def _complete(proof: Proof, seen: Observed, shrunken: str, called: str) -> Evidence:
    expected = _told(proof.expected if not proof.delta else None, seen)
    if not proof.complete:
        return Evidence(False, expected, _read(proof, seen), proof.reason)
    if not shrunken:
        return Evidence(True, expected, _read(proof, seen))
    told = f"{_part(proof)}{shrunken}{_accept(called, f'--entries {seen.shown}')}"
    return Evidence(False, expected, f"{count(seen.shown, 'entry')} shown", told)


def _read(proof: Proof, seen: Observed) -> str:
    """What was seen; of a delta, which shows changes alone, also how many entries are there after it."""
    if not proof.delta:
        return f"{count(proof.entries, 'entry')} read"
    return f"{count(proof.entries, 'entry')} changed, about {seen.shown:,} there"


def _told(expected: int | None, seen: Observed) -> str:
    if expected is not None:
        return count(expected, "entry")
    known = sum(seen.known.values())
    return f"about {count(known, 'entry')}, as before" if known else ""


def _shrunken(seen: Observed) -> str:
    """What is missing beyond belief, as a clause; empty if nothing is."""
    missing, known = sum(seen.missing.values()), sum(seen.known.values())
    emptied = [kind for kind, number in _by_kind(seen.missing) if number == seen.known.get(kind)]
    for kind, number in _by_kind(seen.missing):
        there = seen.known.get(kind, 0)
        if _beyond(number, there) and kind not in emptied:
            return f"{number:,} of {count(there, kind.value.lower())} are missing"
        if _beyond(number, there):
            return f"no {kind.value.lower()} is shown any more, where {there:,} were"
    return f"{missing:,} of {count(known, 'entry')} are missing" if _beyond(missing, known) else ""


def _by_kind(numbers: Mapping[Kind, int]) -> list[tuple[Kind, int]]:
    return [(kind, numbers[kind]) for kind in Kind if numbers.get(kind)]


def _beyond(missing: int, known: int) -> bool:
    many = missing > MISSING_FEWEST and missing > MISSING_SHARE * known
    return many or (missing >= MOST_FEWEST and missing > MOST_SHARE * known)


def _unread(proof: Proof, seen: Observed) -> Iterator[str]:
    """Attributes that entries seem to have lost."""
    fewest = UNREAD_CHANGED if proof.delta else UNREAD_FEWEST
    for name, lost in seen.lost.items():
        had = seen.had.get(name, 0)
        if had >= fewest and lost > UNREAD_SHARE * had:
            yield name
    if proof.looked is not None:
        yield from proof.looked.unseen


def _fresh(proof: Proof, accepted: Accepted, called: str) -> Evidence:
    fresh = proof.fresh
    if fresh.proven or accepted.older:
        return replace(fresh, proven=True, reason="")
    return replace(fresh, reason=f"{fresh.reason}{_accept(called, '--older')}")


def _permitted(proof: Proof, seen: Observed, unread: frozenset[str], called: str, *, believed: bool) -> Evidence:
    if not proof.permitted.proven:
        return proof.permitted
    hidden = {dn: number for dn, number in seen.hidden.items() if number >= HIDDEN_FEWEST and not believed}
    if hidden:
        told = (
            f"{_part(proof)}nothing below {next(iter(hidden))} is shown any more, where {_sum(hidden)} were"
            f"{_others(len(hidden) - 1, 'container')}: this account may not be allowed to read there; if they were "
            f"deleted{_say(called, f'--entries {seen.shown}')}"
        )
        return Evidence(False, f"{_sum(hidden)} below {next(iter(hidden))}", "none", told)
    if unread:
        return _unread_evidence(proof, seen, unread, called)
    if seen.vanished and not believed:
        looked = proof.looked.asked if proof.looked is not None else seen.vanished
        told = (
            f"{_part(proof)}{seen.vanished} of {count(looked, 'entry')} that are looked up at each import are not "
            f"found, and no delete was told: this account may not be allowed to see them any more; the next import "
            f"reads everything"
        )
        return Evidence(False, f"{count(looked, 'sentinel')} found", f"{looked - seen.vanished} found", told)
    return _seen(proof)


def _seen(proof: Proof) -> Evidence:
    if proof.permitted.seen or proof.looked is None:
        return proof.permitted
    found = f"{count(proof.looked.asked, 'sentinel')} with their attributes"
    return Evidence(True, found, found)


def _unread_evidence(proof: Proof, seen: Observed, unread: frozenset[str], called: str) -> Evidence:
    first = min(unread, key=lambda name: (-seen.lost.get(name, 0), name))
    lost, had = seen.lost.get(first, 0), seen.had.get(first, 0)
    where = f"{lost:,} of {had:,} entries that had it" if lost else "any sentinel"
    told = (
        f"{_part(proof)}{first} is not shown any more by {where}{_others(len(unread) - 1, 'attribute')}: give this "
        f"account the right to read it; if it was really cleared{_say(called, f'--attribute {first}')}"
    )
    return Evidence(False, f"{first} of {had:,} entries" if lost else f"{first} of sentinels", "not shown", told)


def _sum(numbers: Mapping[str, int]) -> str:
    return count(next(iter(numbers.values())), "entry")


def _others(number: int, noun: str) -> str:
    return f" (and {count(number, f'more {noun}')})" if number else ""


def _part(proof: Proof) -> str:
    """The naming context that is meant; other sources have one part alone."""
    return f"{proof.partition}: " if "=" in proof.partition else ""


def _accept(called: str, option: str) -> str:
    return f"; if that is true{_say(called, option)}"


def _say(called: str, option: str) -> str:
    return f", accept it: syncramp source accept FILE {called or 'NAME'} {option}"
