"""A forecast as a picture and as text: the same numbers make the same bytes."""

import builtins
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from syncramp.errors import InputRefused
from syncramp.model.forecast import Forecast, Foretold, NearLimit
from syncramp.ramp.expected import Terms
from syncramp.ramp.forecast import forecast
from syncramp.ramp.growth import Counted
from syncramp.report.chart import chart_of, draw
from syncramp.report.forecast import forecast_document, forecast_lines
from syncramp.spec.ramps import Admit, built_in

THURSDAY = datetime(2026, 11, 26, 9, tzinfo=UTC).timestamp()


def _forecast() -> Forecast:
    groups = [
        Counted(f"CN=g{size}", Admit.WHOLE, there, size - there, 250_000)
        for size, there in ((60_000, 0), (240_000, 50_000), (260_000, 0))
    ]
    terms = Terms(1800.0, THURSDAY, pauses=86_400.0)
    return forecast(built_in(timedelta(minutes=30)), None, "digest", groups, terms, THURSDAY)


def _foretold() -> Foretold:
    near = NearLimit("CN=near", "40,812 of 50,000")
    return Foretold(
        "corp/people", THURSDAY, 1800.0, 86_400.0, "a guess", 48.0, 15_000, [_forecast()], ("A note.",), [near]
    )


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_same_numbers_make_the_same_picture(form: str, tmp_path: Path) -> None:
    one, other = tmp_path / f"one.{form}", tmp_path / f"other.{form}"
    draw(chart_of(_forecast(), "corp/people"), one)
    draw(chart_of(_forecast(), "corp/people"), other)
    assert one.read_bytes() == other.read_bytes()
    draw(chart_of(_forecast(), "corp/others"), other)
    assert one.read_bytes() != other.read_bytes()


def test_a_picture_is_of_its_format_and_holds_no_date(tmp_path: Path) -> None:
    png, svg = tmp_path / "a.png", tmp_path / "a.SVG"
    draw(chart_of(_forecast(), "corp/people"), png)
    draw(chart_of(_forecast(), "corp/people"), svg)
    assert png.read_bytes().startswith(b"\x89PNG\r\n")
    assert b"tEXt" not in png.read_bytes()
    assert ElementTree.fromstring(svg.read_text()).tag == "{http://www.w3.org/2000/svg}svg"
    assert "date" not in svg.read_text().lower()


def test_the_title_names_the_document_the_ramp_and_the_day() -> None:
    assert chart_of(_forecast(), "corp/people").title == "corp/people: ramp built-in, forecast of 2026-11-26"


def test_a_picture_of_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="neither .png nor .svg"):
        draw(chart_of(_forecast(), "corp/people"), tmp_path / "chart.gif")


def test_a_picture_into_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="No such file or directory"):
        draw(chart_of(_forecast(), "corp/people"), tmp_path / "nowhere" / "chart.svg")


def test_without_matplotlib_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *args: object) -> object:
        if name.partition(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(InputRefused, match=r"install the extra: pip install 'syncramp\[charts\]'"):
        draw(chart_of(_forecast(), "corp/people"), tmp_path / "chart.png")


def test_nothing_but_a_chart_loads_matplotlib() -> None:
    import subprocess

    told = "import sys, syncramp.report.chart, syncramp.report.forecast; print('matplotlib' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", told], text=True).strip() == "False"


def test_a_text_tells_steps_groups_and_what_the_dates_stand_on() -> None:
    told = list(forecast_lines(_foretold()))
    assert told[0] == "From 2026-11-26 09:00 UTC: a run every 30m00s, 24h00m for each pause"
    assert told[1] == "Seconds of calls: a guess; one of 20 calls of 15,000 links takes more than 48s"
    assert "Ramp built-in (Whole): 3 groups, 510,000 members to come" in told
    first = next(line for line in told if line.startswith("   1 "))
    assert " ".join(first.split()) == (
        "1 75,000 2026-11-26 09:00 2026-11-26 09:30 2026-11-27 18:00 60,000 4 2.1 ExportLatencyP95 48s of 60s"
    )
    assert any("never" in line and "CN=g260000: more than the V2 endpoint takes" in line for line in told)
    assert told[-2:] == ["A note.", "Near a limit: CN=near: 40,812 of 50,000"]


def test_a_document_tells_moments_as_rfc_3339() -> None:
    told = json.loads(forecast_document(_foretold()))
    ramp = told["ramps"][0]
    assert (told["version"], told["now"]) == (1, "2026-11-26T09:00:00Z")
    assert ramp["steps"][0]["begins"] == "2026-11-26T09:00:00Z"
    assert ramp["steps"][0]["became_whole"] == 1
    assert ramp["groups"][0]["whole"] is None
    assert ramp["groups"][2]["whole"] == "2026-11-26T09:00:00Z"
    assert ramp["points"][0]["links"] == 0
