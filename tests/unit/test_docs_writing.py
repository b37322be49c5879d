"""How a directory is written to is told as it is done."""

from support.pages import rows, section, text
from syncramp.cycle.writeback.both import PACE
from syncramp.directory import controller, members, requests, writing
from syncramp.endpoint.causes import DIRECTORY_CAUSES

PAGE = "docs/writeback-writing.md"


def test_every_cause_of_a_directorys_refusal_is_told_with_what_helps() -> None:
    told = rows(section(PAGE, "## Why the directory refuses an object"))
    assert [(row[0].strip("`"), row[1]) for row in told] == [(cause.name, cause.remedy) for cause in DIRECTORY_CAUSES]


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    told = " ".join(text(PAGE).split())
    assert controller.IDLE_SECONDS == 300
    assert "idle for five minutes" in told
    assert f"never more than {members.MOST:,}" in told
    assert f"If {members.HOPELESS} were refused and none was taken" in told
    assert f"If the first {writing.DENIED_MOST} objects of a run" in told
    assert (requests.FIRST_PAUSE, PACE.patience) == (0.5, 60)
    assert "half a second, then twice as long each time, for a minute at most" in told
