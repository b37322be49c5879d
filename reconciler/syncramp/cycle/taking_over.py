"""What importers read before a run is taken over in the place of a read: if it is recent, and answers what is asked.

It is proven as every read is, or it is not there. A run that does not take it reads the part itself, so nothing that
an importer does, or leaves undone, makes a run believe more than it could find out.
"""

from collections.abc import Mapping
from dataclasses import asdict
from hashlib import blake2b
from typing import Any

from syncramp import __version__
from syncramp.cycle.job import Job, Reading
from syncramp.model.plan import Sample
from syncramp.model.report import RunReport, SourceReport
from syncramp.rules.ruleset import Ruleset


def question(job: Reading, source: str, rules: Ruleset) -> str:
    """A digest of what a source is read for, where, and by which release: what was told to another one is not taken
    over.
    """
    access = next((repr(spec.access) for spec in job.config.sources if spec.name == source), "")
    asked = __version__, rules.version, rules.digest, rules.asked, access
    return blake2b(repr(asked).encode(), digest_size=16).hexdigest()


def told(report: RunReport) -> Mapping[str, Any]:
    """What a run will tell of a part that was read before it.

    :param report: of that read alone.
    """
    return {
        "source": asdict(report.sources[0]),
        "warnings": {
            category: [asdict(sample) for sample in samples] for category, samples in report.warning_samples.items()
        },
        "counts": report.warnings,
    }


def taken(
    job: Job, source: str, identity: int, partition: str, rules: Ruleset, report: RunReport
) -> SourceReport | None:
    """Take over one part, if the run may.

    :returns: what its read came to; None: the run must read it.
    """
    found = job.store.staging.imported(identity, partition) if job.imported and not job.full else None
    oldest = job.clock() - job.config.interval.total_seconds()
    if found is None or not oldest <= found.at <= job.clock() or found.question != question(job, source, rules):
        return None
    job.store.staging.take_over(identity, partition, found)
    tell_warnings(report, found.report)
    return SourceReport(**{**found.report["source"], "imported": found.at})


def tell_warnings(report: RunReport, kept: Mapping[str, Any]) -> None:
    """What should be known of a read, beside its result, stands in a report.

    :param kept: as of ``told``.
    """
    for category, samples in kept["warnings"].items():
        for sample in samples:
            report.note_warning(Sample(**sample), category)
        report.warnings[category] += kept["counts"][category] - len(samples)
