"""How a simulated service answers, beside what the tenant behind it does."""

from dataclasses import dataclass
from enum import StrEnum
from re import ASCII, fullmatch

from syncramp.simulator.latency import NO_LATENCY, Latency


class Form(StrEnum):
    """How values are written into answers."""

    TYPED = "typed"
    """Records of a type for booleans, numbers and bytes, as .NET does."""
    TEXT = "text"
    """All of them as text."""
    RECORDS = "records"
    """As ``TYPED``, and GUIDs and durations in records too, which .NET writes as text."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One service.

    :param minimum_build: the oldest build of a client that is accepted, as ``a.b.c.d``; empty: any.
    """

    minimum_build: str = ""
    latency: Latency = NO_LATENCY
    latency_v1: Latency = NO_LATENCY
    """Of the two operations of V1."""
    values: Form = Form.TYPED


PROMPT = Behaviour()


def build_numbers(build: str) -> tuple[int, ...]:
    """A build as numbers; empty for what is none, which is therefore older than any."""
    if not fullmatch(r"\d{1,9}(\.\d{1,9})*", build, ASCII):
        return ()
    return tuple(map(int, build.split(".")))
