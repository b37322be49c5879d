"""Log lines are JSON, say what they belong to, and hold no text of a foreign exception."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import kopf
import pytest

from syncramp.errors import CredentialsRefused
from syncramp_operator.logs import Lines, about, trace

SECRET = "hunter2-in-a-text"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the root logger writes, with our formatter."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Lines())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield written
    root.removeHandler(handler)
    root.setLevel(before)


def _one(lines: io.StringIO) -> dict[str, Any]:
    (line,) = lines.getvalue().splitlines()
    return dict(json.loads(line))


def _raised() -> Exception:
    try:
        try:
            int(SECRET)
        except ValueError as error:
            raise RuntimeError(f"no number: {SECRET}") from error
    except RuntimeError as error:
        return error
    raise AssertionError


def test_a_line_says_which_document_and_which_run_it_is_about(lines: io.StringIO) -> None:
    about("identity/contoso", "contoso-3").info("A run begins: %s", "Interval")
    told = _one(lines)
    assert told.pop("time").endswith("+00:00")
    assert told == {
        "severity": "INFO",
        "logger": "syncramp",
        "message": "A run begins: Interval",
        "config": "identity/contoso",
        "run": "contoso-3",
    }


def test_a_line_may_add_its_run_to_its_document(lines: io.StringIO) -> None:
    about("identity/contoso").warning("Ended", extra={"run": "contoso-4"})
    assert {"config": "identity/contoso", "run": "contoso-4"}.items() <= _one(lines).items()


def test_an_exception_is_told_by_its_kind_and_its_place(lines: io.StringIO) -> None:
    logging.getLogger("kopf.reactor").error("Handler failed", exc_info=_raised())
    written = lines.getvalue()
    assert SECRET not in written
    told = _one(lines)["exc_info"]
    assert told.startswith("RuntimeError\n  ")
    assert "\nafter ValueError\n" in told
    assert "test_operator_logs.py:" in told
    assert "in _raised" in told


def test_a_sentence_of_kopf_that_ends_with_the_text_of_an_exception_ends_with_its_kind(lines: io.StringIO) -> None:
    error = _raised()
    logging.getLogger("kopf.objects").error(
        f"Daemon 'x' failed, and tries again in 60 seconds: {error}", exc_info=error
    )
    assert SECRET not in lines.getvalue()
    assert _one(lines)["message"] == "Daemon 'x' failed, and tries again in 60 seconds: RuntimeError"


def test_the_text_of_an_error_of_ours_is_told() -> None:
    assert trace(CredentialsRefused("the directory refused", where="dc1")) == (
        "syncramp.errors.CredentialsRefused: dc1: the directory refused"
    )


def test_exceptions_that_led_to_each_other_in_a_ring_come_to_an_end() -> None:
    one, two = ValueError(SECRET), KeyError(SECRET)
    one.__cause__, two.__cause__ = two, one
    assert trace(one) == "ValueError\nafter KeyError"


def test_lines_of_kopf_name_the_object_and_carry_nothing_else_of_it(lines: io.StringIO) -> None:
    reference = {"kind": "SyncConfig", "namespace": "identity", "name": "contoso", "uid": "u"}
    extra = {"k8s_ref": reference, "settings": kopf.OperatorSettings(), "k8s_skip": False}
    logging.getLogger("kopf.objects").warning("Patching failed", extra=extra)
    told = _one(lines)
    assert told["config"] == "identity/contoso"
    assert not {"k8s_ref", "settings", "k8s_skip", "taskName"} & set(told)
