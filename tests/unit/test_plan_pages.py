"""A plan as a comment and as a page: what others wrote is text in both, and a comment never is too long."""

import re
from base64 import b64encode
from hashlib import sha256

import lxml.html
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from support.ramped import ramp_report
from support.random_plans import HOSTILE, NAMES, Random, plans
from syncramp.model.guards import Reading
from syncramp.model.holds import HeldPart, Hold
from syncramp.model.plan import ObjectChange, Plan, Sample, Topic, Verb
from syncramp.model.ramp_reports import GroupReport
from syncramp.model.report import RunReport, SourceReport
from syncramp.model.sizes import GroupSize, Histogram
from syncramp.model.state import ObjectState
from syncramp.model.values import Kind
from syncramp.plan.outline import Outline
from syncramp.plan.sizes import histogram
from syncramp.report.html import html
from syncramp.report.markdown import LIMIT, code, markdown
from syncramp.report.sheet import TITLES, Section, Sheet, make_sheet
from syncramp.words import printable

OURS = re.compile(r"</details>|<details><summary>[A-Z][\w :]*</summary>")
BLOCKS = re.compile(
    r"inline|html_block|(heading|paragraph|bullet_list|list_item|table|thead|tbody|tr|th|td)_(open|close)"
)
INLINE = re.compile(r"text|code_inline|softbreak|(strong|em)_(open|close)")
TAGS = re.compile(
    r"html|head|meta|title|style|body|main|h[12]|p|ul|li|span|code|b|table|thead|tbody|t[rhd]|details|summary"
    r"|svg|rect|text"
)
ATTRIBUTES = re.compile(r"lang|charset|http-equiv|content|name|class|open|viewbox|role|x|y|width|height|rx|xmlns")
SIZES = histogram([*[GroupSize("CN=small", 3, 2)] * 4, GroupSize("CN=large", 260_000, 90_000)])
FEW = settings(max_examples=40)
"""A plan is made of many parts, and each example takes some milliseconds."""


def _report(name: str) -> RunReport:
    report = RunReport()
    report.sources = [SourceReport(name, "file", False, 1, None, name), SourceReport("corp", "file", True, 1, 1)]
    report.warnings, report.warning_samples = {name: 2}, {name: [Sample("Update", "User", name, "", name)]}
    report.violations = {"TooLong": 1}
    report.violation_samples = {"TooLong": [Sample("Update", "User", name, "", name)]}
    report.unmanaged = {name: 3}
    return report


def _sheet(random: Random, name: str, most: int = 10, sizes: Histogram = SIZES) -> Sheet:
    outline = Outline(most, random.around, random.plan.lanes.deletes)
    for change in random.changes:
        outline.take(change)
    group = GroupReport(name, name, "Waiting", 9, 3, 6, None, name, name)
    random.plan.ramps = [ramp_report(name=name, changed=name, held=[group], notes={f"{name}2": name})]
    return make_sheet(random.plan, _report(name), sizes, outline)


def _inline(text: str) -> list[Token]:
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    assert all(BLOCKS.fullmatch(token.type) for token in tokens)
    assert all(OURS.fullmatch(token.content.strip()) for token in tokens if token.type == "html_block")
    return [child for token in tokens for child in token.children or ()]


def test_a_guard_is_told_as_long_as_it_holds_something() -> None:
    reading = Reading("Deletes", "", "", 9, 5, -4, "Deletes", "TooManyDeletes", True, "9 deletes")
    told = Outline(1, Plan().around, Plan().lanes.deletes)
    for holds, shown in (({"TooManyDeletes": 9}, True), ({}, False)):
        plan = Plan(readings=(reading,), holds=holds)
        page = markdown(make_sheet(plan, RunReport(), histogram([]), told))
        assert ("Guard Deletes holds Deletes: " in page) is shown


@FEW
@given(plans(), NAMES)
def test_nothing_that_others_wrote_means_anything_in_a_comment(random: Random, name: str) -> None:
    tokens = _inline(markdown(_sheet(random, name)))
    assert all(INLINE.fullmatch(token.type) for token in tokens)
    for token in tokens:
        if token.type == "text":  # where mentions and links are looked for
            assert not re.search(r"@|://|www\.|#|<|\]\(|evil", token.content)


@FEW
@given(plans())
def test_names_in_a_comment_are_whole(random: Random) -> None:
    shown = {token.content for token in _inline(markdown(_sheet(random, "x"))) if token.type == "code_inline"}
    for rows in random.plan.samples.values():
        for row in rows:
            if name := printable(row.dn):
                assert name in shown or name.strip() in shown


@given(st.text(alphabet="`a ", min_size=1, max_size=12) | NAMES)
def test_a_code_span_holds_any_text(text: str) -> None:
    line = printable(text)
    tokens = MarkdownIt("commonmark").parseInline(f"x {code(line)} y")[0].children or []
    assert [token.content for token in tokens if token.type == "code_inline"] == ([line] if line else [])


@FEW
@given(plans(), st.integers(300, 3_000))
def test_a_comment_is_never_too_long(random: Random, limit: int) -> None:
    text = markdown(_sheet(random, HOSTILE[0]), limit)
    assert len(text) <= limit
    lines = text.splitlines()
    assert sum(line.startswith("<details>") for line in lines) == lines.count("</details>")


def _large(number: int) -> Sheet:
    rows = [Sample("Update", "User", f"CN={place}," + "OU=x," * 20, "", "title a → b") for place in range(number)]
    sections = [Section(f"Part {place}", len(rows) + 7, rows) for place in range(40)]
    return Sheet("Many.", "0" * 32, True, [], ["Users"], [("Update", [number])], sections, {}, SIZES)


def test_what_a_comment_has_no_room_for_is_counted() -> None:
    whole, cut = markdown(_large(100), 10**7), markdown(_large(100))
    assert len(cut) <= LIMIT < len(whole)
    found = re.search(r"_([\d,]+) lines left out here", cut)
    assert found and "left out" not in whole
    listed = re.compile(r"^(\* (?!Digest).*|\| (?!Update|\|).*|\|---.*)$", re.MULTILINE)
    missing = len(listed.findall(whole)) - len(listed.findall(cut))
    assert int(found[1].replace(",", "")) == missing > 1_000
    assert cut.count("<details>") == cut.count("</details>")


def test_what_is_opened_in_a_comment_is_closed_wherever_it_is_cut() -> None:
    sheet = _large(3)
    for limit in range(2_000, 2_200):
        lines = markdown(sheet, limit).splitlines()
        assert sum(line.startswith("<details>") for line in lines) == lines.count("</details>") > 0


def test_the_command_that_approves_can_be_copied_from_a_comment_and_from_a_page() -> None:
    plan, report = Plan(held_objects=2, holds={"TooManyDeletes": 2}), RunReport()
    report.waiting = [{"hold": "TooManyDeletes", "class": "Deletes", "digest": "0123456789abcdef", "changes": 2}]
    outline = Outline(10, plan.around, plan.lanes.deletes)
    state = ObjectState(1, 1, Kind.USER, "a", "CN=x", None, {}, False, frozenset(), None, "", {})
    outline.take(ObjectChange(state, Verb.DELETE, {}, (HeldPart(Hold.TOO_MANY_DELETES, "too many", {}),)))
    sheet = make_sheet(plan, report, SIZES, outline)
    command = "syncramp approve FILE 0123456789ab"
    assert f"* approve with `{command}` (Deletes, 2 changes)\n" in markdown(sheet)
    told = [(code.getparent().text, code.text) for code in lxml.html.fromstring("".join(html(sheet))).iter("code")]
    assert ("Approve Deletes, 2 changes: ", command) in told


def test_an_empty_plan_is_a_short_comment() -> None:
    sheet = make_sheet(
        Plan(digest="0" * 32), RunReport(), histogram([]), Outline(1, Plan().around, Plan().lanes.deletes)
    )
    assert markdown(sheet) == f"### Syncramp: Nothing to do.\n\n* Digest `{'0' * 32}`\n"


@FEW
@given(plans(), NAMES)
def test_nothing_that_others_wrote_means_anything_on_a_page(random: Random, name: str) -> None:
    page = lxml.html.document_fromstring(html(_sheet(random, name)).encode())
    assert all(TAGS.fullmatch(element.tag) for element in page.iter())
    assert all(ATTRIBUTES.fullmatch(name) for element in page.iter() for name in element.attrib)
    assert not page.xpath("//@href | //@src | //@style | //script")
    texts = {"".join(element.itertext()) for element in page.iter("code", "td")}
    for rows in (*random.plan.samples.values(), *random.plan.hold_samples.values()):
        assert all(printable(row.dn or row.anchor) in texts and printable(row.detail) in texts for row in rows)


@FEW
@given(plans(), st.integers(1, 3))
def test_a_page_shows_the_number_of_everything(random: Random, most: int) -> None:
    sheet = _sheet(random, "x", most)
    page = lxml.html.document_fromstring(html(sheet).encode())
    told = {"".join(each.itertext()) for each in page.iter("summary")}
    assert {f"{section.title}{section.number:,}" for section in sheet.sections} <= told
    for topic, kinds in random.plan.topics.items():
        (section,) = (one for one in sheet.sections if one.title == TITLES[Topic(topic)])
        assert len(section.rows) + section.more == sum(kinds.values())


def test_the_policy_of_a_page_lets_in_its_own_style_and_nothing_else() -> None:
    page = lxml.html.document_fromstring(html(_large(1)))
    (style,) = page.iter("style")
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    digest = b64encode(sha256((style.text or "").encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_the_histogram_has_a_bar_for_each_number_and_draws_it_to_scale() -> None:
    page = lxml.html.document_fromstring(html(_large(1)))
    bars = [(bar.get("class"), float(bar.get("width"))) for bar in page.iter("rect") if bar.get("height") == "13"]
    assert len(bars) == 2 * len(SIZES.buckets)
    drawn = [place // 2 for place, (_, width) in enumerate(bars) if width]
    assert drawn == [0, 0, 3, 5]  # the small ones on both sides; 90,000 there; 260,000 desired
    assert {width for _, width in bars} == {0.0, bars[0][1] / 4, bars[0][1]}
    numbers = [text.text for text in page.iter("text") if text.get("class") == "number"]
    assert numbers[:-2] == [str(number) for bucket in SIZES.buckets for number in (bucket.wanted, bucket.there)]
