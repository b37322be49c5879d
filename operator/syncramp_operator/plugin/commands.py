"""The command line ``kubectl-syncramp``, which kubectl finds on the path as ``kubectl syncramp``."""

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any

import typer

from syncramp import __version__
from syncramp.cli.exits import MEANINGS, Exit
from syncramp.cli.options import Output
from syncramp.cli.ramp_say import TOLD
from syncramp.errors import InputRefused
from syncramp.schedule.known import FORCE_AT, PLAN_AT, REQUESTED_AT
from syncramp.spec.durations import parse_duration
from syncramp_operator.api.resources import Object
from syncramp_operator.plugin import asking, explaining, telling
from syncramp_operator.plugin.asking import Asked, Suspension
from syncramp_operator.plugin.following import Patience, follow
from syncramp_operator.plugin.reach import Reach, reach

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog="\n\n".join(f"Exit code {code.value}: {meaning}" for code, meaning in MEANINGS.items()),
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The SyncConfig.")]
Namespace = Annotated[str, typer.Option("--namespace", "-n", metavar="NAME", help="Without it that of the context.")]
Context = Annotated[str, typer.Option("--context", metavar="NAME", help="Of the kubeconfig; without it the current.")]
Waits = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the run that follows it is over.")]
Timeout = Annotated[str, typer.Option("--timeout", metavar="DURATION", help="How long is waited.")]
Form = Annotated[Output, typer.Option("--output", "-o", help="How the result is printed.")]
Show = Annotated[bool, typer.Option("--show", help="Print what kubectl command it is, and do nothing.")]
Ramp = Annotated[str, typer.Argument(metavar="RAMP", help="The ramp.")]


@dataclass(frozen=True, slots=True)
class _Way:
    """How a request is made: the options that all requests share."""

    namespace: Namespace = ""
    context: Context = ""
    wait: Waits = True
    timeout: Timeout = "30m"
    output: Form = Output.TEXT
    show: Show = False


def _request(command: Callable[..., None]) -> Callable[..., None]:
    """A command of its own arguments and a ``way``, as typer reads it: with the options of a request in its place."""
    own = [each for name, each in inspect.signature(command).parameters.items() if name != "way"]
    shared = list(inspect.signature(_Way).parameters.values())

    @wraps(command)
    def asked(**given: Any) -> None:
        command(
            **{each.name: given[each.name] for each in own},
            way=_Way(**{each.name: given[each.name] for each in shared}),
        )

    asked.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
    asked.__annotations__ = {each.name: each.annotation for each in (*own, *shared)}
    return asked


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"kubectl-syncramp {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Speak to the SyncConfigs of a cluster. What it does is done by annotations; --show prints them."""


@app.command()
@_request
def plan(
    name: Name,
    way: _Way,
) -> None:
    """Ask for a run that only plans, and print its plan."""
    _ask(reach(name, way.namespace, way.context), way, lambda _: Asked(PLAN_AT, asking.moment(_now())))


@app.command()
@_request
def sync(
    name: Name,
    way: _Way,
    full: Annotated[
        bool, typer.Option("--full", help="Read directories and tenant whole, and judge everything anew.")
    ] = False,
) -> None:
    """Ask for a run now."""
    wanted = FORCE_AT if full else REQUESTED_AT
    _ask(reach(name, way.namespace, way.context), way, lambda _: Asked(wanted, asking.moment(_now())))


@app.command()
@_request
def approve(
    name: Name,
    way: _Way,
    digests: Annotated[
        list[str] | None, typer.Argument(metavar="DIGEST", help="What to approve; at least 8 digits of each.")
    ] = None,
) -> None:
    """Approve changes that wait, by their digests. Without a digest, show what waits, and ask for nothing."""
    to = reach(name, way.namespace, way.context)
    if digests:
        _ask(to, way, lambda body: asking.approval(body, digests))
    body = to.body()
    found = asking.waiting(body)
    _say(way.output, {"version": 1, "waiting": found}, telling.waiting_lines(body, name))
    raise typer.Exit(Exit.PENDING if found else Exit.OK)


@app.command()
@_request
def adopt(
    name: Name,
    way: _Way,
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="The digest of the findings.")],
) -> None:
    """Take over a tenant that holds synchronised objects already."""
    _ask(reach(name, way.namespace, way.context), way, lambda _: asking.adoption(digest))


@app.command()
@_request
def release(
    name: Name,
    way: _Way,
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="Canary or Tenth.")],
) -> None:
    """End a stage of an adopted tenant: more goes then."""
    _ask(reach(name, way.namespace, way.context), way, lambda _: asking.release(stage))


@app.command("accept-source")
@_request
def accept_source(
    name: Name,
    way: _Way,
    said: Annotated[
        list[str], typer.Argument(metavar="SOURCE=WHAT", help="What: a number, an attribute, or the word older.")
    ],
) -> None:
    """Say that what a source shows is true, though it is less than before."""
    _ask(reach(name, way.namespace, way.context), way, lambda _: asking.acceptance(said))


def _saying(command: str) -> Callable[..., None]:
    """The function behind a command to a ramp."""

    def say(name: Name, ramp: Ramp, way: _Way) -> None:
        _ask(
            reach(name, way.namespace, way.context),
            way,
            lambda body: asking.ramp_command(body, command, ramp, _now()),
        )

    say.__doc__ = TOLD[command].full
    return _request(say)


for _command in TOLD:
    app.command(_command)(_saying(_command))


@app.command()
def suspend(name: Name, namespace: Namespace = "", context: Context = "", show: Show = False) -> None:
    """Make no runs any more; one under way is stopped after its calls in flight."""
    _switch(reach(name, namespace, context), Suspension(True), show)


@app.command("resume-sync")
def resume_sync(name: Name, namespace: Namespace = "", context: Context = "", show: Show = False) -> None:
    """Make runs again, the first one at once."""
    _switch(reach(name, namespace, context), Suspension(False), show)


@app.command()
def explain(
    name: Name,
    who: Annotated[str, typer.Argument(metavar="WHO", help="As syncramp explain takes it.")],
    home: Annotated[
        str, typer.Option("--home", metavar="NAME", help="The operator's namespace; without it as the status tells.")
    ] = "",
    folder: Annotated[
        str, typer.Option("--state", metavar="DIR", help="Of stores in the Pod; without it where it has them.")
    ] = "",
    members: Annotated[bool, typer.Option("--members", help="List all members and groups.")] = False,
    namespace: Namespace = "",
    context: Context = "",
    output: Form = Output.TEXT,
    show: Show = False,
) -> None:
    """Tell why somebody is in the cloud, or is not: syncramp explain, in the operator's Pod."""
    import shlex

    to = reach(name, namespace, context)
    body = to.body()
    where = home or explaining.home_of(body)
    options = [*(["--members"] if members else []), "--output", output.value]
    typed = explaining.command(to, who, where, folder, options)
    if show:
        typer.echo(f"{shlex.join(typed)} < {name}.yaml")
        raise typer.Exit(Exit.OK)
    code, answer, said = explaining.explained(typed, body, where)
    typer.echo(answer, nl=False)
    typer.echo(said, nl=False, err=True)
    raise typer.Exit(code)


@app.command()
def history(name: Name, namespace: Namespace = "", context: Context = "", output: Form = Output.TEXT) -> None:
    """List the runs that are kept, and what they decided about ramps."""
    to = reach(name, namespace, context)
    runs = to.runs(to.body()["metadata"]["uid"])
    _say(output, {"version": 1, "runs": runs, "decisions": telling.decisions(runs)}, telling.history_lines(runs))


@app.command()
def status(name: Name, namespace: Namespace = "", context: Context = "", output: Form = Output.TEXT) -> None:
    """Tell the conditions, the last run, the ramps, and what waits."""
    body = reach(name, namespace, context).body()
    _say(output, {"version": 1, "status": body.get("status") or {}}, telling.status_lines(body))
    raise typer.Exit(telling.status_code(body))


def _ask(to: Reach, way: _Way, wanted: Callable[[Object], Asked]) -> None:
    """Annotate, and wait for what comes of it.

    :raises typer.Exit: always, with the exit code.
    """
    patience = Patience(_seconds(way.timeout))
    body = to.body()
    asked = asking.added(body, wanted(body))
    if way.show:
        typer.echo(asked.command(to.place, to.name))
        raise typer.Exit(Exit.OK)
    if (body["metadata"].get("annotations") or {}).get(asked.annotation) == asked.text:
        raise InputRefused(
            f"{asked.annotation} says {asked.text} already, and a text is followed once", where=to.full
        )
    to.change(asked.patch)
    told = {"version": 1, "annotation": asked.annotation, "text": asked.text}
    if not way.wait:
        _say(way.output, {**told, "run": None}, [f"asked for: {asked.annotation}={asked.text}"])
        raise typer.Exit(Exit.OK)
    run = follow(to, asked, patience, lambda line: typer.echo(line, err=True))
    if run is None:
        why = f"It is suspended, and no run is made before: kubectl syncramp resume-sync {to.name}"
        _say(way.output, {**told, "run": None}, [why])
        raise typer.Exit(Exit.PENDING)
    _say(way.output, {**told, "run": run}, telling.run_lines(run))
    raise typer.Exit(telling.run_code(run))


def _switch(to: Reach, suspension: Suspension, show: bool) -> None:
    if show:
        typer.echo(suspension.command(to.place, to.name))
        return
    to.body()
    to.change(suspension.patch)
    typer.echo(f"{to.full}: {'suspended' if suspension.suspend else 'runs are made again'}")


def _say(output: Output, document: Object, lines: list[str]) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False) if output is Output.JSON else "\n".join(lines))


def _seconds(text: str) -> float:
    try:
        return parse_duration(text).total_seconds()
    except ValueError:
        raise InputRefused(f"{text} is no duration", where="--timeout", remedy="say it like 90s, 30m or 2h") from None


def _now() -> datetime:
    return datetime.now(UTC)
