"""Tests that need the Kerberos library of the system, and its package for Python."""

import importlib.util
import os
from collections.abc import Callable
from typing import TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., object])


def requires_kerberos(test: Test) -> Test:
    """Skip a test where gssapi is not installed, unless SYNCRAMP_REQUIRE_SERVERS=1 makes that a failure."""
    skip = importlib.util.find_spec("gssapi") is None and os.environ.get("SYNCRAMP_REQUIRE_SERVERS") != "1"
    reason = "gssapi is not installed (apt-get install gcc libkrb5-dev, pip install -r requirements/kerberos.txt)"
    return pytest.mark.skipif(skip, reason=reason)(test)
