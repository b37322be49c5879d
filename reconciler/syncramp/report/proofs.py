"""Three proofs of a read, as text."""

from collections.abc import Iterator

from syncramp.model.proofs import PROOFS, Accepted, Verdict, failed
from syncramp.words import count, printable


def proof_lines(source: str, partition: str, verdict: Verdict | None) -> Iterator[str]:
    """What is proven of a part of a source.

    :param verdict: None: its last read did not come to its end.
    """
    called = printable(f"{source}, {partition}")
    if verdict is None:
        yield f"{called}: NOT complete: its last read did not come to its end"
        return
    yield f"{called}: {printable(_told(verdict))}"
    for name in PROOFS:
        evidence = getattr(verdict, name)
        if evidence.expected or evidence.seen:
            yield printable(
                f"    {name}: expected {evidence.expected or 'nothing'}; seen {evidence.seen or 'nothing'}"
            )


def _told(verdict: Verdict) -> str:
    if verdict.proven:
        return "complete, fresh and permitted" + (", as a person accepted" if verdict.taken else "")
    return f"NOT {failed(verdict.doubt or '')}: {verdict.reason}"


def accepted_line(source: str, partition: str, accepted: Accepted) -> str:
    """What was accepted."""
    said = []
    if accepted.entries is not None:
        said.append(f"that shows at least {count(accepted.entries, 'entry')}")
    if accepted.attributes:
        said.append(f"in which entries lost {', '.join(sorted(accepted.attributes))}")
    if accepted.older:
        said.append("that is older than what was read before")
    return printable(f"{source}, {partition}: accepted once: a read {', and '.join(said)}")
