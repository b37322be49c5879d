"""Settings come from variables of ours alone, and a value that cannot be is told with its variable."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from syncramp.errors import InputRefused
from syncramp_operator.settings import Execution, Settings


def test_without_variables_everything_has_its_default() -> None:
    assert replace(Settings.of({}), name=Settings().name) == Settings()


def test_variables_that_are_not_ours_are_not_read() -> None:
    others = {"HOME": "/home", "NAME": "laptop", "STATE": "on", "PORT": "what", "IMAGE": "x", "NAMESPACES": "all"}
    assert replace(Settings.of(others), name=Settings().name) == Settings()


def test_every_setting_has_a_variable() -> None:
    given = {
        "SYNCRAMP_NAMESPACES": "one,two",
        "SYNCRAMP_HOME": "house",
        "SYNCRAMP_LEASE_NAMESPACE": "leases",
        "SYNCRAMP_NAME": "pod-1",
        "SYNCRAMP_EXECUTION": "Job",
        "SYNCRAMP_MAX_CONCURRENT_RUNS": "7",
        "SYNCRAMP_STATE": "postgresql:store",
        "SYNCRAMP_RUNTIME": "/memory",
        "SYNCRAMP_IMAGE": "registry/syncramp:1",
        "SYNCRAMP_CLAIM": "disk",
        "SYNCRAMP_RUNNER_ACCOUNT": "runner",
        "SYNCRAMP_PORT": "9090",
        "SYNCRAMP_WEBHOOK_PORT": "9443",
    }
    read, default = Settings.of(given), Settings()
    assert [one.name for one in fields(Settings) if getattr(read, one.name) == getattr(default, one.name)] == []
    assert read.namespaces == ("one", "two")
    assert read.execution is Execution.JOB
    assert read.runtime == Path("/memory")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("MAX_CONCURRENT_RUNS", "0"),
        ("WEBHOOK_PORT", "x"),
        ("EXECUTION", "job"),
        ("STATE", "postgresql:"),
    ],
)
def test_a_value_that_cannot_be_is_told_with_its_variable(name: str, text: str) -> None:
    with pytest.raises(InputRefused, match=f"SYNCRAMP_{name}: "):
        Settings.of({f"SYNCRAMP_{name}": text})


def test_an_address_of_a_server_is_refused_without_being_repeated() -> None:
    with pytest.raises(InputRefused) as refused:
        Settings.of({"SYNCRAMP_STATE": "postgresql://me:hush@db/syncramp"})
    assert "hush" not in str(refused.value)
