"""``syncramp approve``: let go what waits for a person."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Output, Secrets, State, who

if TYPE_CHECKING:
    from syncramp.model.approvals import Approval, Proposal
    from syncramp.model.written import Side
    from syncramp.report.approvals import Decisions
    from syncramp.store.store import Store

    Stores = Mapping[Side, Store]

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
    from syncramp.session.known import known_stores
    from syncramp.session.opening import state_path

    config = load(document)
    now = time.time()
    until = now + _validity(valid, config.approval_expiry).total_seconds()
    with known_stores(config, state_path(document, config, state, secrets), "so nothing waits") as stores:
        if withdraw:
            _withdraw(stores, digests or [], now)
            digests = []
        given = [_named(stores, digest.lower()) for digest in digests or ()]
        for side, each in given:
            stores[side].approvals.give(each.digest, who(by), now, until)
        both = [_decided(side, store, now) for side, store in stores.items()]
    told = approve_document if output is Output.JSON else approve_lines
    typer.echo("\n".join(told(both)))
    raise typer.Exit(Exit.PENDING if any(each.waiting for each in both) and not given else Exit.OK)


def _decided(side: "Side", store: "Store", now: float) -> "Decisions":
    from syncramp.report.approvals import Decisions

    approvals = store.approvals.given(now)
    new = [(each, store.approvals.still_waiting(each.digest)) for each in approvals if each.given == now]
    return Decisions(side, new, store.approvals.waiting(now), approvals)


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


def _withdraw(stores: "Stores", digests: Sequence[str], now: float) -> None:
    """Take back the valid approvals of some digests, or of their beginnings.

    :raises InputRefused: there is none of one of them, and nothing is taken back.
    """
    from syncramp.errors import InputRefused
    from syncramp.model.approvals import FEWEST

    given = [(store, each) for store in stores.values() for each in store.approvals.given(now)]
    found = list[tuple["Store", "Approval"]]()
    for digest in digests:
        named = [each for each in given if len(digest) >= FEWEST and each[1].digest.startswith(digest.lower())]
        if not named:
            raise InputRefused(f"{digest} is not approved", remedy="list what is, without a digest")
        found += named
    for store in stores.values():
        store.approvals.withdraw([each for where, each in found if where is store], now)


def _named(stores: "Stores", digest: str) -> tuple["Side", "Proposal"]:
    """The one proposal that a digest, or its beginning, names, and of which something still waits; and where."""
    from syncramp.errors import InputRefused
    from syncramp.model.approvals import DIGEST, FEWEST

    proposals = [(side, each) for side, store in stores.items() for each in store.approvals.proposals()]
    remedy = f"these can be approved:{_listed(proposals)}"
    if not DIGEST.fullmatch(digest):
        raise InputRefused(f"{digest} is no digest: at least {FEWEST} hexadecimal digits of it", remedy=remedy)
    found = [(side, each) for side, each in proposals if each.digest.startswith(digest)]
    if len(found) != 1:
        raise InputRefused(f"{digest} names {'several sets' if found else 'nothing that waited'}", remedy=remedy)
    ((side, proposal),) = found
    if not stores[side].approvals.still_waiting(proposal.digest):
        raise InputRefused(f"nothing of {digest} waits any more", remedy=remedy)
    return side, proposal


def _listed(proposals: Sequence[tuple["Side", "Proposal"]]) -> str:
    from syncramp.report.approvals import waiting_lines

    lines = [line for side, each in proposals if each.waits for line in waiting_lines([each], side)]
    return "".join(f"\n  {line}" for line in lines) or " nothing"
