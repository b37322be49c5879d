"""What the bench of the whole cycle makes of marks and calls: rows that add up, verdicts, tables and a chart."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import charts, goals, report, tables
from bench.found import Found, Measured, Peer, Peers
from bench.rows import PROVISION, Call, Mark, Row, Run, rows
from bench.sources import DIRSYNC, SYNCREPL

MARKS = [
    Mark("import", True, 12.0, 1.0, 50, 0, 0),
    Mark("import", False, 15.0, 3.0, 80, 7, 9),
    Mark("export", True, 16.0, 3.5, 80, 0, 0),
    Mark("export", False, 20.0, 5.5, 90, 7, 9),
    Mark("leaves", False, 20.5, 5.6, 95, 0, 0),
]
CALLS = [Call(11.0, "GetCompanyConfiguration", 0, 0, 10, 20), Call(18.0, PROVISION, 7, 9, 1000, 100)]


def test_rows_tell_phases_and_what_lies_around_them_and_add_up_to_the_process() -> None:
    made = rows(MARKS, 10.0, 21.0, 6.0, CALLS)
    assert made == [
        Row("start", 2.0, 1.0, 50, 0, 0, 1, 10, 20),
        Row("import", 3.0, 2.0, 80, 7, 9),
        Row("between", 1.0, 0.5, 80),
        Row("export", 4.0, 2.0, 90, 7, 9, 1, 1000, 100),
        Row("end", 1.0, 0.5, 95),
    ]
    whole = run(made).whole
    assert (whole.wall, whole.cpu, whole.peak, whole.calls) == (11.0, 6.0, 95, 2)


def test_a_phase_that_comes_again_is_one_row_and_one_inside_another_is_taken_out_of_it() -> None:
    again = [replace(mark, at=mark.at + 10, cpu=mark.cpu + 10) for mark in MARKS[:2]]
    inside = [Mark("plan", True, 17.0, 4.0, 80, 0, 0), Mark("plan", False, 18.0, 4.5, 80, 1, 0)]
    made = rows([*MARKS[:3], *inside, MARKS[3], *again, MARKS[4]], 10.0, 30.0, 20.0, [])
    cost = {row.name: (row.wall, row.cpu, row.objects) for row in made}
    assert cost["import"] == (6.0, 4.0, 14)
    assert cost["plan"] == (1.0, 0.5, 1)
    assert cost["export"] == (3.0, 1.5, 7)
    assert sum(row.cpu for row in made) == 20.0


def test_a_process_without_a_phase_has_a_start_and_an_end() -> None:
    made = rows(MARKS[-1:], 10.0, 21.0, 6.0, [])
    assert [(row.name, row.cpu) for row in made] == [("start", 5.6), ("end", pytest.approx(0.4))]


def run(made: list[Row], what: str = "first sync", linked: int = 9) -> Run:
    return Run(what, made, 7, linked, {"tenant": 1.0}, 1_000_000, 0)


def measured(
    seconds: float, *, people: int = 6_000, per_call: int = 30, directory: str = SYNCREPL, peak: int = 100
) -> Measured:
    """One size whose every run takes so long, next to an ldapsearch of a second."""
    row = Row("export", 2 * seconds, seconds, peak, 7, 9, 1, 1000, 100)
    whats = {"first sync": 9, "no change": 0, "1 % changed": 0, "one member added": 1}
    runs = [run([row], what, linked) for what, linked in whats.items()]
    return Measured(people, people // 150, people * 10 // 3, directory, "file", per_call, 1.0, runs)


def test_every_goal_is_told_as_reached_or_not() -> None:
    good = [measured(1.5, per_call=per_call) for per_call in (30, 500)]
    reached = goals.goals(Found({}, [*good, measured(1.5, people=60_000), measured(1.5, directory=DIRSYNC)]))
    assert all(goal.reached for goal in reached)
    assert len(reached) == len({goal.told for goal in reached}) == 9
    bad = [
        *(measured(21.0, per_call=per_call, peak=250_000_000) for per_call in (30, 500)),
        measured(600.0, people=60_000),
        measured(2.1, directory=DIRSYNC),
    ]
    missed = goals.goals(Found({}, bad))
    assert [goal.what for goal in missed] == [goal.what for goal in reached]
    assert [goal.reached for goal in missed if "1 link" not in goal.found] == [False] * 7
    assert "NOT reached  first sync of 6,000 people, 500 objects in a call: 21.0 x ldapsearch" in missed[1].told


def test_more_than_one_link_for_one_member_misses_the_goal() -> None:
    one = measured(1.0)
    resent = replace(one, runs=[replace(each, linked=5_000) for each in one.runs])
    (link,) = (goal for goal in goals.goals(Found({}, [resent])) if goal.wanted == "1 link")
    assert not link.reached
    assert "5,000 links on the wire" in link.told


def test_the_largest_size_is_what_goals_are_about() -> None:
    told = [goal.what for goal in goals.goals(Found({}, [measured(1.0, people=60_000), measured(1.0)]))]
    assert told[0] == "first sync of 60,000 people, 30 objects in a call"
    assert told[-1] == "cost of a first sync from 6,000 to 60,000 people"


def test_tables_tell_what_was_found_to_people() -> None:
    one = measured(1.5)
    found = Found({"processor": "2 cores of a test"}, [one])
    screen, markdown = tables.screen(one), tables.markdown(found)
    for told in (screen, markdown):
        assert "1.5 x ldapsearch" in told and "20,000 links" in told and "30 objects in a call" in told
    assert "processor: 2 cores of a test" in markdown and "first sync: tenant 1.00 s" in markdown
    assert "| 6,000 | 20,000 | OpenLDAP, syncrepl | 30 | 1.00 s | 1.50 s (1.5 x) |" in markdown
    lines = [line for line in markdown.splitlines() if line.startswith("| ")]
    assert all(line.endswith(" |") for line in lines)


def test_what_was_found_is_the_same_after_it_was_json(tmp_path: Path) -> None:
    found = Found({"processor": "a test"}, [measured(1.5), measured(2.0, directory=DIRSYNC)])
    found.write(tmp_path / "found.json")
    assert Found.read(tmp_path / "found.json") == found


def test_the_chart_is_the_same_for_the_same_numbers_and_has_the_words(tmp_path: Path) -> None:
    found = Found({}, [measured(1.5), measured(16.0, people=60_000), measured(1.0, per_call=500)])
    charts.draw(found, tmp_path / "one")
    charts.draw(found, tmp_path / "two")
    one = (tmp_path / "one.svg").read_bytes()
    assert one == (tmp_path / "two.svg").read_bytes()
    words = "".join(ElementTree.fromstring(one).itertext())
    assert "500 objects in a call" in words and "export" in words and "60,000" in words
    assert len(one) < 60_000


PEERS = Peers({}, [Peer(6_000, True, [Row("first sync", 9.0, 8.0, objects=6_040, calls=6_040, sent=10**7)])])


def test_one_call_for_each_object_is_told_next_to_the_export_and_the_whole_run() -> None:
    ours = Found({}, [measured(1.5), measured(1.4, per_call=500)])
    told = tables.peers(PEERS, ours).splitlines()[2:]
    assert "one call for each object, extrapolated | 6,040 | 10.00 MB" in told[0]
    assert "Syncramp's export, 30 objects in a call | 1 | 0.00 MB | 0.00 MB | 1.50 s" in told[1]
    assert "Syncramp's whole run" in told[2] and len(told) == 3
    assert len(tables.peers(PEERS, None).splitlines()) == 3


def test_the_page_is_written_anew_between_its_marks_and_nowhere_else(tmp_path: Path) -> None:
    cycle, server, peers, page = (tmp_path / name for name in ("c.json", "p.json", "peer.json", "page.md"))
    Found({"processor": "a test"}, [measured(1.5)]).write(cycle)
    Found({}, [replace(measured(3.0), store="postgresql")]).write(server)
    PEERS.write(peers)
    page.write_text(f"before\n{report.BEGINS}\nold\n{report.ENDS}\nafter\n", "utf-8")
    for _ in range(2):
        report.main([*map(str, (server, peers, cycle)), "--page", str(page)])
        text = page.read_text("utf-8")
        assert text.startswith(f"before\n{report.BEGINS}\n\n") and text.endswith(f"\n\n{report.ENDS}\nafter\n")
        assert "old" not in text and "processor: a test" in text
        assert text.index("1.50 s (1.5 x)") < text.index("PostgreSQL") < text.index("3.00 s (3.0 x)")
        assert "one call for each object, extrapolated" in text
    assert (tmp_path / "page.svg").exists() and "](page.svg)" in text


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    cycle, page = tmp_path / "c.json", tmp_path / "page.md"
    Found({}, [measured(1.5)]).write(cycle)
    page.write_text("nothing to see\n", "utf-8")
    with pytest.raises(SystemExit, match="does not have the lines"):
        report.main([str(cycle), "--page", str(page)])
    assert page.read_text("utf-8") == "nothing to see\n"


def test_the_page_of_the_project_has_the_marks() -> None:
    text = report.PAGE.read_text("utf-8")
    assert text.count(report.BEGINS) == text.count(report.ENDS) == 1
