"""``syncramp adopt``: an adoption as a run of its own, and orphans that a person wants gone."""

from pathlib import Path

from syncramp.cycle.adoption import look
from syncramp.cycle.identity import identity
from syncramp.cycle.import_ import import_sources
from syncramp.cycle.job import Job
from syncramp.cycle.phases import phase
from syncramp.cycle.preflight import preflight
from syncramp.cycle.synchronise import synchronise
from syncramp.cycle.walk import close, company_of
from syncramp.errors import InputRefused, SyncrampError
from syncramp.model.adoption import Findings
from syncramp.model.report import RunReport
from syncramp.model.values import Kind
from syncramp.store.adoption import Departed


def adopt(job: Job, *, by: str, records: bool = True, accepted: str = "") -> Findings:
    """Read the directories, look at the tenant, and record what is found unless it looks wrong.

    :param by: who asks for it.
    :param accepted: the digest of findings that are recorded although they look wrong.
    :raises SyncrampError: it could not begin, or the read-back did not come to a marked end; nothing is recorded.
    """
    job.store.runs.claim(identity(job.config))
    number, token = job.store.runs.begin(job.clock())
    exports = job.store.exports(number, token, job.clock())
    report = RunReport(run=number, mode=job.config.mode.value, wire=job.wire)

    def accepts(findings: Findings) -> bool:
        return records and (not findings.alarms or findings.digest == accepted)

    try:
        company = company_of(job)
        preflight(job, company, report)
        with phase("import", report, job.listen, unit="entry") as current:
            import_sources(job, report, current)
        with phase("synchronise", report, job.listen, unit="entry") as current:
            synchronise(job, report, current)
        return look(job, company, exports, report, by=by, accepts=accepts)
    except BaseException as error:
        told = f": {error}" if isinstance(error, SyncrampError) else ""
        report.failure = f"the adoption did not come to its end{told}"
        raise
    finally:
        close(job, job.store.snapshot(), report, number)


def take_orphans(job: Job, listed: Path) -> int:
    """Orphans of a list become ours to delete; the next plan has their deletes, and each waits for an approval.

    :param listed: a file with one source anchor a line.
    :returns: how many.
    :raises InputRefused: the list has something else than orphans; nothing is taken over.
    """
    anchors = list(dict.fromkeys(line.strip() for line in _lines(listed) if line.strip()))
    job.store.runs.claim(identity(job.config))
    adoptions = job.store.adoption
    orphans = adoptions.orphans(anchors)
    unknown = [anchor for anchor in anchors if anchor not in orphans]
    if wrong := unknown or adoptions.wanted(anchors):
        what = "no object of the tenant that is not ours" if unknown else "wanted by a directory"
        raise InputRefused(
            f"{wrong[0]} is {what}",
            where=str(listed),
            remedy="list source anchors of orphans: syncramp adopt FILE --dry-run -o json tells them all",
        )
    source = job.store.staging.source_id(job.sources[0][0].name)
    adoptions.own_departed(
        [Departed(anchor, Kind(kind), source, name or anchor) for anchor, (kind, name) in orphans.items()],
        found=True,
    )
    return len(orphans)


def _lines(listed: Path) -> list[str]:
    try:
        return listed.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise InputRefused(
            f"the list cannot be read: {cause}", where=str(listed), remedy="name a file with one source anchor a line"
        ) from None
