"""SyncConfigs and SyncRuns as a person reads them, and what a run comes to as an exit code."""

from collections.abc import Iterable, Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from syncramp.cli.exits import Exit
from syncramp.model.written import Side
from syncramp.words import printable
from syncramp_operator.api.resources import Object
from syncramp_operator.plugin.asking import waiting

WIDE = 1000
"""Columns: nothing is wrapped; a terminal does that, and a pipe gets whole lines."""


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines in columns, as kubectl prints them."""
    made = Table(*head, box=None, pad_edge=False, padding=(0, 3, 0, 0), show_edge=False, header_style="")
    for row in rows:
        made.add_row(*(Text(printable("" if cell is None else str(cell))) for cell in row))
    console = Console(file=StringIO(), width=WIDE, color_system=None, legacy_windows=False)
    with console.capture() as captured:
        console.print(made)
    return [line.rstrip() for line in captured.get().splitlines()]


def run_lines(run: Object) -> list[str]:
    """How a run ended, and its plan if it made one."""
    status = run.get("status") or {}
    name, phase = run["metadata"]["name"], status.get("phase", "Pending")
    took = f" after {status['duration']}" if status.get("duration") else ""
    lines = [f"{name}: {phase}{took}: {printable(status.get('message', ''))}"]
    lines += [f"  waits: {_waits(each)}" for each in status.get("waiting") or ()]
    return [*lines, *(printable(line) for line in status.get("plan", "").splitlines())]


def run_code(run: Object) -> Exit:
    """0: nothing is left to do; 2: something is, or waits; 1: it failed or was stopped."""
    status = run.get("status") or {}
    phase = status.get("phase")
    if phase not in ("Succeeded", "Incomplete"):
        return Exit.FAILED
    planned = run["spec"]["mode"] == "Plan" and any(
        (told.get(each) or {}).get("expected", 0)
        for told in (status, status.get("writeback") or {})
        for each in ("objects", "links")
    )
    return Exit.PENDING if planned or phase == "Incomplete" else Exit.OK


def waiting_lines(body: Object, place: str) -> list[str]:
    """What waits for an approval, and what to type."""
    listed = waiting(body)
    if not listed:
        return ["Nothing waits"]
    rows = [
        (each["digest"], each.get("direction"), each.get("class"), each.get("reason"), f"{each.get('count', 0):,}")
        for each in listed
    ]
    said = f"approve: kubectl syncramp approve {place} DIGEST"
    return [*table(("DIGEST", "DIRECTION", "CLASS", "REASON", "CHANGES"), rows), said]


def status_lines(body: Object) -> list[str]:
    """The conditions, the last run, the ramps, and what waits."""
    status = body.get("status") or {}
    rows = [
        (each["type"], each["status"], each["reason"], each["message"]) for each in status.get("conditions") or ()
    ]
    lines = table(("CONDITION", "STATUS", "REASON", "MESSAGE"), rows) if rows else ["Nobody has looked at it yet"]
    if body["spec"].get("suspend"):
        lines.append("Suspended: no run is made")
    if status.get("activeRun"):
        lines.append(f"Under way: {status['activeRun']}")
    if last := status.get("lastRun"):
        lines.append(f"Last run: {last['name']} {last.get('phase', '')} at {last.get('completionTime', '')}")
    if status.get("nextSyncTime"):
        lines.append(f"Next run: {status['nextSyncTime']}")
    if other := status.get("writeback"):
        lines.append(_written(other))
    lines += [
        f"Ramp {each['name']}: {each['phase']} at {each.get('ceiling', 0):,}, step {each.get('step')} of"
        f" {each.get('steps')}, {each.get('membersWaiting', 0):,} wait"
        for each in status.get("ramps") or ()
    ]
    return [*map(printable, lines), *(f"Waits: {_waits(each)}" for each in waiting(body))]


def _written(other: Object) -> str:
    """Groups that are written back, in one line."""
    there = f"{other.get('groups', 0):,} groups with {other.get('members', 0):,} members"
    unwritable = f", {other['unwritable']:,} cannot be there" if other.get("unwritable") else ""
    place = f"{other.get('container', '')}, on {other.get('server', '')}"
    return f"Active Directory: {there} in {place}; {other.get('pending', 0):,} changes to go{unwritable}"


def status_code(body: Object) -> Exit:
    """0: Ready for its newest generation; 1: stalled, or the last run failed; 2: something waits or is under way."""
    status = body.get("status") or {}
    true = {each["type"] for each in status.get("conditions") or () if each["status"] == "True"}
    newest = status.get("observedGeneration") == body["metadata"]["generation"]
    if newest and "Stalled" in true:
        return Exit.FAILED
    if newest and "Ready" in true:
        return Exit.OK
    return Exit.FAILED if (status.get("lastRun") or {}).get("phase") == "Failed" else Exit.PENDING


def history_lines(runs: Sequence[Object]) -> list[str]:
    """SyncRuns, the newest first, and below them what was decided about ramps."""
    rows = [_row(run) for run in reversed(runs)]
    head = ("RUN", "TRIGGER", "MODE", "PHASE", "STARTED", "DURATION", "EXPECTED", "ACKNOWLEDGED", "MESSAGE")
    lines = table(head, rows) if rows else ["No run yet"]
    decided = decisions(runs)
    if decided:
        heads = ("DECIDED", "RAMP", "WHAT", "STEP", "CEILING", "BY", "REASON")
        names = ("time", "ramp", "what", "step", "ceiling", "by", "reason")
        lines += ["", *table(heads, [[each.get(name) for name in names] for each in decided])]
    return lines


def decisions(runs: Sequence[Object]) -> list[Object]:
    """What kept runs decided about ramps, the newest first."""
    found = [
        {"ramp": ramp["name"], "run": run["metadata"]["name"], **each}
        for run in runs
        for ramp in (run.get("status") or {}).get("ramps") or ()
        for each in ramp.get("decisions") or ()
    ]
    return sorted(found, key=lambda each: str(each.get("time", "")), reverse=True)


def _row(run: Object) -> Sequence[object]:
    status, spec = run.get("status") or {}, run["spec"]
    tally = status.get("objects") or {}
    return (
        run["metadata"]["name"],
        spec["trigger"],
        spec["mode"],
        status.get("phase", "Pending"),
        status.get("startTime"),
        status.get("duration"),
        tally.get("expected"),
        tally.get("acknowledged"),
        status.get("message"),
    )


def _waits(each: Object) -> str:
    there = " in Active Directory" if each.get("direction") == Side.DIRECTORY else ""
    said = f"{each.get('count', 0):,} ({each.get('class', '')}, {each.get('reason', '')}){there}"
    return printable(f"{said} {each['digest']}")
