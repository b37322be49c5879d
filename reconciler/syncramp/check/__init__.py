"""The one verdict on a document: its schema, its rules, its texts, and what its parts say of each other."""

from syncramp.check.cluster import cluster_warnings
from syncramp.check.contents import request_findings
from syncramp.check.findings import Finding
from syncramp.check.twins import transition
from syncramp.check.verdict import load, verdict, verdict_of

__all__ = ["Finding", "cluster_warnings", "load", "request_findings", "transition", "verdict", "verdict_of"]
