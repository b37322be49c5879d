"""The one verdict on a document: schema, rules, distinguished names and filters."""

from syncramp.check.findings import Finding
from syncramp.check.twins import transition
from syncramp.check.verdict import load, verdict, verdict_of

__all__ = ["Finding", "load", "transition", "verdict", "verdict_of"]
