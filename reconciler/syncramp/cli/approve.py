"""``syncramp approve``: let go what waits for a person."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Output, Secrets, State, who

if TYPE_CHECKING:
    from syncramp.model.approvals import Approval, Proposal
    from syncramp.store.store import Store

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=720)
"""Of an approval; ``spec.approvalExpiry`` has the same limits."""


def approve(
    document: Document,
    digests: Annotated[
        list[str] | None, typer.Argument(metavar="DIGEST", help="What to approve; at least 8 digits of each.")
    ] = None,
    valid: Annotated[
        str, typer.Option("--valid", metavar="DURATION", help="For how long; without it spec.approvalExpiry.")
    ] = "",
    by: Annotated[
        str, typer.Option("--by", metavar="NAME", help="Who approves; without it the name of the login.")
    ] = "",
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take valid approvals of these digests back instead.")
    ] = False,
    state: State = None,
    secrets: Secrets = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How the result is printed.")] = Output.TEXT,
) -> None:
    """Approve sets of changes that wait, by their digests. Without a digest, list what waits and what is approved.

    A run may go on meanwhile; the next one sends what was approved.

    Exit code 0: approved, or nothing waits; 2: something waits; 3: no such digest, and nothing was approved.

    Example: syncramp approve syncconfig.yaml 3f2a91bc
    """
    from syncramp.check import load
    from syncramp.report.approvals import approve_document, approve_lines
    from syncramp.session.opening import known_store, state_path

    config = load(document)
    now = time.time()
    until = now + _validity(valid, config.approval_expiry).total_seconds()
    with known_store(config, state_path(document, config, state, secrets), "so nothing waits") as store:
        if withdraw:
            store.approvals.withdraw(_approved(store, digests or [], now), now)
            digests = []
        given = [_named(store, digest.lower()) for digest in digests or ()]
        for each in given:
            store.approvals.give(each.digest, who(by), now, until)
        waiting, approvals = store.approvals.waiting(now), store.approvals.given(now)
        new = [(each, store.approvals.still_waiting(each.digest)) for each in approvals if each.given == now]
    told = approve_document if output is Output.JSON else approve_lines
    typer.echo("\n".join(told(new, waiting, approvals)))
    raise typer.Exit(Exit.PENDING if waiting and not given else Exit.OK)


def _validity(text: str, otherwise: timedelta) -> timedelta:
    from syncramp.errors import InputRefused
    from syncramp.spec.durations import parse_duration

    try:
        valid = parse_duration(text) if text else otherwise
    except ValueError:
        valid = timedelta()
    if not SHORTEST <= valid <= LONGEST:
        raise InputRefused(f"{text} is no duration from 1m to 720h", where="--valid", remedy="write it as 72h or 30m")
    return valid


def _approved(store: "Store", digests: Sequence[str], now: float) -> Sequence["Approval"]:
    """The valid approvals of some digests, or of their beginnings.

    :raises InputRefused: there is none of one of them.
    """
    from syncramp.errors import InputRefused
    from syncramp.model.approvals import FEWEST

    given, found = store.approvals.given(now), list["Approval"]()
    for digest in digests:
        named = [each for each in given if len(digest) >= FEWEST and each.digest.startswith(digest.lower())]
        if not named:
            raise InputRefused(f"{digest} is not approved", remedy="list what is, without a digest")
        found += named
    return found


def _named(store: "Store", digest: str) -> "Proposal":
    """The one proposal that a digest, or its beginning, names, and of which something still waits."""
    from syncramp.errors import InputRefused
    from syncramp.model.approvals import DIGEST, FEWEST
    from syncramp.report.approvals import waiting_lines

    proposals = store.approvals.proposals()
    listed = "".join(f"\n  {line}" for line in waiting_lines(each for each in proposals if each.waits)) or " nothing"
    remedy = f"these can be approved:{listed}"
    if not DIGEST.fullmatch(digest):
        raise InputRefused(f"{digest} is no digest: at least {FEWEST} hexadecimal digits of it", remedy=remedy)
    found = [each for each in proposals if each.digest.startswith(digest)]
    if len(found) != 1:
        raise InputRefused(f"{digest} names {'several sets' if found else 'nothing that waited'}", remedy=remedy)
    if not store.approvals.still_waiting(found[0].digest):
        raise InputRefused(f"nothing of {digest} waits any more", remedy=remedy)
    return found[0]
