"""The Indexed Job of the note on import partitions: it may do little, and its command is one of ours."""

import re
from typing import Any

import yaml

from support.console import commands
from support.pages import text
from support.pod_security import violations
from syncramp.cli import command_line

NOTE = "docs/design/0005-import-partitions.md"


def _job() -> dict[str, Any]:
    (found,) = re.findall(r"^```yaml\n(.*?)^```$", text(NOTE), re.MULTILINE | re.DOTALL)
    job: dict[str, Any] = yaml.safe_load(found)
    return job


def test_its_pod_fits_a_namespace_that_enforces_the_restricted_standard() -> None:
    assert violations(_job()["spec"]["template"]["spec"]) == []


def test_it_deals_out_as_many_shares_as_it_has_completions() -> None:
    spec = _job()["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    program, command, document, *options = [*container["command"], *container["args"]]
    told = dict(zip(options[::2], options[1::2], strict=True))
    assert (program, told["--of"]) == ("syncramp", str(spec["completions"]))
    assert set(told) <= {name for option in commands(command_line())[command].params for name in option.opts}
    assert spec["completionMode"] == "Indexed" and spec["template"]["spec"]["restartPolicy"] == "Never"
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert {document.rpartition("/")[0], f"{told['--secrets']}/{told['--state'].partition(':')[2]}"} <= mounted
