"""Lines about progress in a pipe: one now and then for each part of a phase that has parts."""

import pytest

from syncramp.cli import progress
from syncramp.events import PhaseEnded, PhaseStarted, Progress


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0)


def _lines(capsys: pytest.CaptureFixture[str], *events: Progress) -> list[str]:
    with progress.listener() as listen:
        listen(PhaseStarted("import"))
        for event in events:
            listen(event)
        listen(PhaseEnded("import", 30, 0, "entry", 2.0))
    return capsys.readouterr().err.splitlines()


def test_each_part_has_its_own_line_and_the_sum_comes_at_the_end(capsys) -> None:
    told = (
        Progress("import", 10, None, "entry", 1.0, source="corp", partition="DC=a"),
        Progress("import", 10, None, "entry", 1.0),
        Progress("import", 20, None, "entry", 1.0, source="labs", partition="file"),
    )
    assert _lines(capsys, *told) == [
        "import of corp DC=a: 10 entries, 10/s",
        "import of labs file: 20 entries, 20/s",
        "import: 30 entries in 2.0s",
    ]


def test_a_phase_without_parts_tells_itself(capsys) -> None:
    assert _lines(capsys, Progress("import", 10, None, "entry", 1.0))[0] == "import: 10 entries, 10/s"


def test_lines_come_now_and_then_for_each_part(capsys, monkeypatch) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY", 3600.0)
    assert len(_lines(capsys, *[Progress("import", 1, None, "entry", 1.0, source="corp")] * 9)) == 1
