"""What lets a plan go in part: the stage of a tenant that was adopted, and sync windows; as text."""

from collections.abc import Iterator
from datetime import UTC, datetime

from syncramp.model.report import WindowReport
from syncramp.model.stages import Progress, Stage, StageReport
from syncramp.words import count, moment

_ENDS = {
    Stage.CANARY: "look at what went, then let a tenth go: syncramp adopt FILE --release",
    Stage.TENTH: "all follows when it was confirmed and at most 1 % was refused, or at syncramp adopt FILE --release",
}


def released_line(stage: Stage, progress: Progress) -> str:
    """What a release comes to.

    :param stage: the one that begins; :param progress: how far the one before came.
    """
    went = f"{count(progress.applied, 'change')} acknowledged, {progress.refused:,} refused, "
    next_goes = "a tenth of what differs goes next" if stage is Stage.TENTH else "all goes from the next run on"
    return f"Released: {next_goes}; before it {went}{progress.waiting:,} not confirmed"


def window_lines(windows: WindowReport) -> Iterator[str]:
    """Why growth waits for a sync window, or until when it may go."""
    if not windows.open:
        yield f"Sync windows: growth waits, because {windows.reason}"
    elif windows.until is not None:
        yield f"Sync windows: growth may go until {moment(datetime.fromtimestamp(windows.until, UTC))}"


def stage_lines(stage: StageReport) -> Iterator[str]:
    """How far an adopted tenant is; nothing for one that was not adopted, or whose stages are over."""
    if not stage.name:
        return
    if end := _ENDS.get(Stage(stage.name)):
        share = f"{stage.objects:,} of {count(stage.most_objects, 'object')}"
        links = f"{stage.links:,} of {count(stage.most_links, 'link')}"
        went = f"{stage.applied:,} acknowledged, {stage.refused:,} refused, {stage.waiting:,} not confirmed"
        yield f"Stage {stage.name}: {share} and {links} chosen, {went}; {end}"
    if stage.probation_runs:
        yield f"Probation: deletes need an approval in the next {count(stage.probation_runs, 'run')} of mode Sync"
    if stage.halved_until:
        until = moment(datetime.fromisoformat(stage.halved_until))
        yield f"Probation is over; the limits of the failsafe are halved until {until}"
