"""A plan as Markdown: a comment on a pull request, short, with details that open.

What others wrote stands in code spans. There GitHub and GitLab see no mention, no link, no reference and no markup,
and a fence of more backticks than the text has in a row cannot be left (CommonMark 6.1). Escapes with a backslash
would not do: mentions and links are looked for in the text after Markdown was read. A comment may be as long as
GitHub allows; what is beyond is left out by whole lines, and counted.
"""

import re
from collections.abc import Iterator, Sequence

from syncramp.model.plan import Sample
from syncramp.report.plan_text import border
from syncramp.report.sheet import Foreign, Section, Sentence, Sheet
from syncramp.words import count

LIMIT = 65_536
"""Characters of a comment on GitHub; one on GitLab may have a million."""
ROWS = 10
"""Changes of each sort that are listed."""

_LEFT_OUT = "_{} left out here, because a comment has a limit: `syncramp plan --full` tells all._"
_END = ("", "</details>", "")


def markdown(sheet: Sheet, limit: int = LIMIT) -> str:
    """The comment.

    :param limit: characters that it has at most; a few hundred are needed to say anything.
    """
    page = _Page(limit - len(_LEFT_OUT) - 40)  # room for the last line, with a number in it
    page.lines(_head(sheet))
    for section in sheet.sections:
        page.details(f"{section.title}: {section.number:,}", list(_section(section)))
    page.details("Groups by members", list(_sizes(sheet)))
    if len(sheet.digests) > 1:
        page.details("Digests", [f"* {name} `{digest}`" for name, digest in sheet.digests.items()])
    return page.text()


class _Page:
    """Lines as long as there is room."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._lines: list[str] = []
        self._left_out = 0

    def lines(self, lines: Iterator[str]) -> None:
        for line in lines:
            self._add(line, reserve=0)

    def details(self, summary: str, lines: Sequence[str]) -> None:
        """Lines under a summary: what fits of them; the end always does.

        :param summary: words of ours, because a line of HTML knows no code spans.
        """
        if not lines:
            return
        opening = (f"<details><summary>{summary}</summary>", "")
        need = sum(len(line) + 1 for line in (*opening, *_END))
        if need + len(lines[0]) + 1 > self._room:
            self._left_out += len(lines)
            return
        for line in opening:
            self._add(line, reserve=0)
        reserve = sum(len(line) + 1 for line in _END)
        for line in lines:
            self._add(line, reserve)
        for line in _END:
            self._add(line, reserve=0)

    def _add(self, line: str, reserve: int) -> None:
        if len(line) + 1 + reserve > self._room:
            self._left_out += 1
        else:
            self._room -= len(line) + 1
            self._lines.append(line)

    def text(self) -> str:
        last = [_LEFT_OUT.format(count(self._left_out, "line"))] if self._left_out else []
        return "\n".join([*self._lines, *last]).rstrip() + "\n"


def _head(sheet: Sheet) -> Iterator[str]:
    yield f"### Syncramp: {sheet.headline}"
    yield ""
    if not sheet.complete:
        yield "**A source was not read completely: there may be more to do.**"
        yield ""
    if sheet.counts:
        yield f"| | {' | '.join(sheet.kinds)} |"
        yield f"|---|{'---:|' * len(sheet.kinds)}"
        for name, numbers in sheet.counts:
            yield f"| {name} | {' | '.join(f'{number:,}' for number in numbers)} |"
        yield ""
    for fact in sheet.facts:
        yield f"* {_sentence(fact)}"
    yield f"* Digest `{sheet.digest}`"
    yield ""


def _section(section: Section) -> Iterator[str]:
    if section.about:
        yield code(section.about)
        yield ""
    if section.note:
        yield f"{section.note[0].upper()}{section.note[1:]}."
    for command, what in section.commands:
        yield f"* approve with {code(command)} ({what})"
    if section.note:
        yield ""
    for row in section.rows:
        yield f"* {_row(row)}"
    if section.more > 0:
        yield f"* … and {section.more:,} more"


def _row(row: Sample) -> str:
    detail = f": {code(row.detail)}" if row.detail else ""
    return f"{row.verb} {row.kind} {code(row.dn or row.anchor)}{detail}"


def _sizes(sheet: Sheet) -> Iterator[str]:
    buckets = [bucket for bucket in sheet.sizes.buckets if bucket.wanted or bucket.there]
    if buckets:
        yield "| Members | Groups as desired | in the cloud |"
        yield "|---|---:|---:|"
    for bucket in buckets:
        yield f"| {border(bucket.limit)} | {bucket.wanted:,} | {bucket.there:,} |"


def _sentence(parts: Sentence) -> str:
    return "".join(code(part) if isinstance(part, Foreign) else part for part in parts)


def code(text: str) -> str:
    """Text as a code span, whatever is in it; nothing of nothing."""
    if not text:
        return ""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    stripped = text.strip(" ")  # one space on both sides is taken away again, unless there is nothing else
    return f"{fence} {text} {fence}" if longest or (stripped and stripped != text) else f"{fence}{text}{fence}"
