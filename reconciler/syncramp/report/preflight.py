"""What was looked at before a run may send, as text."""

from collections.abc import Iterator

from syncramp.model.report import RunReport


def preflight_lines(report: RunReport) -> Iterator[str]:
    """What the preflight found; nothing where it found nothing."""
    for finding in report.preflight:
        yield f"Preflight {finding['check']}: {finding['text']}; {finding['remedy']}"
