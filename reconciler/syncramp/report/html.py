"""A plan as one HTML page that needs nothing else: no script, no address, no font of others.

The page is a tree before it is text (``xml.etree``), so a name of a directory can be nothing but text in it. The
policy in its head lets its own style sheet in, by hash, and nothing else: what a browser might still make of a name
would not be run.
"""

from base64 import b64encode
from hashlib import sha256
from xml.etree.ElementTree import Element, SubElement, tostring

from syncramp.model.plan import Sample
from syncramp.report.html_style import CSS
from syncramp.report.plan_text import border
from syncramp.report.sheet import Foreign, Section, Sentence, Sheet

ROWS = 200
"""Changes of each sort that are listed; more make a page that nobody reads."""
MANY = 5_000
"""The same where all are asked for: what a browser still shows without waiting."""
OPEN = 20
"""Rows of an alarming section that are seen without opening it."""

_LABEL, _BAR, _WIDTH, _ROW = 140, 220, 420, 44
"""Of the histogram, in its own units: the label, the longest bar, the whole width, the height of a row."""


def html(sheet: Sheet) -> str:
    """The page."""
    page = Element("html", lang="en")
    _head(SubElement(page, "head"), sheet)
    body = SubElement(page, "body")
    main = SubElement(body, "main")
    _text(main, "h1", sheet.headline)
    if not sheet.complete:
        _text(main, "p", "A source was not read completely: there may be more to do.").set("class", "alarm")
    _counts(main, sheet)
    facts = SubElement(main, "ul")
    for fact in sheet.facts:
        _sentence(SubElement(facts, "li"), fact)
    if any(bucket.wanted or bucket.there for bucket in sheet.sizes.buckets):
        _text(main, "h2", "Groups by members")
        main.append(_histogram(sheet))
    if sheet.sections:
        _text(main, "h2", "Changes")
    for section in sheet.sections:
        _section(main, section)
    _digests(main, sheet)
    return f"<!doctype html>\n{tostring(page, encoding='unicode', method='html')}\n"


def _head(head: Element, sheet: Sheet) -> None:
    SubElement(head, "meta", charset="utf-8")
    digest = b64encode(sha256(CSS.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": policy})
    SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    SubElement(head, "meta", name="referrer", content="no-referrer")
    _text(head, "title", f"Syncramp plan {sheet.digest[:12]}: {sheet.headline}")
    _text(head, "style", CSS)


def _text(parent: Element, tag: str, text: str) -> Element:
    child = SubElement(parent, tag)
    child.text = text
    return child


def _sentence(parent: Element, parts: Sentence) -> None:
    for part in parts:
        if part:
            _text(parent, "code" if isinstance(part, Foreign) else "span", part)


def _counts(main: Element, sheet: Sheet) -> None:
    if not sheet.counts:
        return
    table = SubElement(main, "table", {"class": "counts"})
    head = SubElement(SubElement(table, "thead"), "tr")
    for kind in ("", *sheet.kinds):
        _text(head, "th", kind)
    body = SubElement(table, "tbody")
    for name, numbers in sheet.counts:
        row = SubElement(body, "tr")
        _text(row, "th", name)
        for number in numbers:
            _text(row, "td", f"{number:,}")


def _section(main: Element, section: Section) -> None:
    details = SubElement(main, "details", {"class": "alarming"} if section.alarming else {})
    if section.alarming and len(section.rows) <= OPEN:
        details.set("open", "open")
    summary = _text(details, "summary", section.title)
    _text(summary, "b", f"{section.number:,}")
    if section.about:
        _text(SubElement(details, "p"), "code", section.about)
    if section.note:
        _text(details, "p", f"{section.note[0].upper()}{section.note[1:]}.")
    for command, what in section.commands:
        _text(_text(details, "p", f"Approve {what}: "), "code", command)
    table = SubElement(details, "table", {"class": "rows"})
    body = SubElement(table, "tbody")
    for row in section.rows:
        _row(SubElement(body, "tr"), row)
    if section.more > 0:
        _text(details, "p", f"… and {section.more:,} more")


def _row(line: Element, row: Sample) -> None:
    _text(line, "td", f"{row.verb} {row.kind}")
    name = SubElement(line, "td")
    _text(name, "code", row.dn or row.anchor)
    _text(line, "td", row.detail)


def _digests(main: Element, sheet: Sheet) -> None:
    details = SubElement(main, "details")
    _text(details, "summary", "Digests")
    listed = SubElement(details, "ul")
    for name, digest in (("Everything", sheet.digest), *sheet.digests.items()):
        item = _text(listed, "li", f"{name} ")
        _text(item, "code", digest)


def _histogram(sheet: Sheet) -> Element:
    """How many groups there are of each size: a bar for what is desired, and one for what is in the cloud."""
    buckets = sheet.sizes.buckets
    most = max(max(bucket.wanted, bucket.there) for bucket in buckets)
    height = _ROW * len(buckets) + 30
    box = {"viewBox": f"0 0 {_WIDTH} {height}", "role": "img", "class": "histogram"}
    svg = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **box})
    _text(svg, "title", "Groups by members, as desired and in the cloud")
    for place, bucket in enumerate(buckets):
        top = _ROW * place
        _label(svg, 0, top + 21, border(bucket.limit))
        for offset, number, name in ((4, bucket.wanted, "wanted"), (20, bucket.there, "there")):
            width = max(2.0, number / most * _BAR) if number else 0.0
            bar = {"x": str(_LABEL), "y": str(top + offset), "width": f"{width:.1f}", "height": "13"}
            SubElement(svg, "rect", {**bar, "class": name, "rx": "2"})
            _label(svg, _LABEL + width + 6, top + offset + 11, f"{number:,}", "number")
    _legend(svg, height - 12)
    return svg


def _legend(svg: Element, top: int) -> None:
    for left, name, text in ((_LABEL, "wanted", "as desired"), (_LABEL + 100, "there", "in the cloud")):
        SubElement(svg, "rect", {"x": str(left), "y": str(top - 10), "width": "12", "height": "12", "class": name})
        _label(svg, left + 18, top, text, "number")


def _label(svg: Element, left: float, top: float, text: str, name: str = "label") -> None:
    _text(svg, "text", text).attrib.update({"x": f"{left:.1f}", "y": f"{top:.1f}", "class": name})
