"""A fault script as a YAML file. What is wrong with it is told with its place in the document."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from re import fullmatch
from typing import Any

import yaml

from syncramp.errors import InputRefused
from syncramp.simulator.faults import GRAPH, Calls, Kind, Rule, Script
from syncramp.spec.durations import parse_duration

OPERATIONS = (
    "GetCompanyConfiguration",
    "Capabilities",
    "SetCompanyDirsyncFeatures",
    "ReadBackAzureADSyncObjects",
    "ReadBackAzureADSyncObjects2",
    "ProvisionAzureADSyncObjects",
    "ProvisionAzureADSyncObjects2",
    "FinalizeExport",
    GRAPH,
)
MEMBERS: Mapping[Kind, frozenset[str]] = {
    Kind.SLOW: frozenset({"seconds", "factor"}),
    Kind.UNAVAILABLE: frozenset({"retryAfter", "processed"}),
    Kind.BUSY: frozenset({"status"}),
    Kind.FAULT: frozenset({"code", "text", "status", "processed"}),
    Kind.EXPIRED_TOKEN: frozenset({"status"}),
    Kind.RESET: frozenset({"processed"}),
    Kind.PROXY: frozenset({"status", "processed"}),
    Kind.TRUNCATED: frozenset(),
    Kind.CUT: frozenset(),
    Kind.HALF_CLOSED: frozenset({"processed"}),
    Kind.REDIRECT: frozenset({"to", "status"}),
    Kind.STALL: frozenset({"seconds", "processed"}),
}
"""What a rule may say beside its calls."""
_WHICH = frozenset({"do", "operation", "calls", "rate", "after", "until"})
_NEEDED = {Kind.SLOW: ("seconds", "factor"), Kind.STALL: ("seconds",)}


class _Wrong(Exception):
    """Something in the document: its place, what is wrong, what to do."""

    def __init__(self, place: str, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.place, self.remedy = place, remedy


def read_script(path: Path) -> Script:
    """The script of a file.

    :raises InputRefused: it cannot be read, or says something a script does not know.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _script(document)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "this is no UTF-8 text"
        raise InputRefused(
            f"the file cannot be read: {why}", where=str(path), remedy="name another file with --faults"
        ) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputRefused(f"no YAML: {error.problem}", where=f"{path}:{line}") from None
    except yaml.YAMLError:
        raise InputRefused("no YAML", where=str(path)) from None
    except _Wrong as wrong:
        where = f"{path}: {wrong.place}" if wrong.place else str(path)
        raise InputRefused(str(wrong), where=where, remedy=wrong.remedy) from None


def _script(document: Any) -> Script:
    if not isinstance(document, dict) or document.keys() - {"seed", "faults"}:
        raise _Wrong("", "a fault script holds `faults`, a list of rules, and `seed`, a number")
    listed, seed = document.get("faults"), document.get("seed", 0)
    if not isinstance(listed, list):
        raise _Wrong("faults", "a list of rules is needed")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise _Wrong("seed", f"{seed!r} is no whole number")
    return Script(tuple(_rule(rule, f"faults[{number}]") for number, rule in enumerate(listed)), seed)


def _rule(told: Any, place: str) -> Rule:
    if not isinstance(told, dict) or told.get("do") not in list(Kind):
        raise _Wrong(f"{place}.do", "a rule needs one of the actions", f"write one of {', '.join(Kind)}")
    kind = Kind(told["do"])
    if unknown := [name for name in told if name not in _WHICH | MEMBERS[kind]]:
        known = ", ".join(sorted(_WHICH | MEMBERS[kind]))
        raise _Wrong(f"{place}.{unknown[0]}", f"a rule that does {kind} does not know it", f"it knows {known}")
    if (needed := _NEEDED.get(kind)) and not any(name in told for name in needed):
        raise _Wrong(place, f"a rule that does {kind} needs {' or '.join(needed)}")
    rule = Rule(kind, **dict(_values(told, place)))
    if rule.until <= rule.after:
        raise _Wrong(f"{place}.until", "the rule would end before it begins", "write a time after `after`")
    return rule


def _values(told: Mapping[str, Any], place: str) -> Iterator[tuple[str, Any]]:
    for name, value in told.items():
        where = f"{place}.{name}"
        match name:
            case "operation":
                yield name, _operation(value, where)
            case "calls":
                yield name, _calls(value, where)
            case "rate":
                yield name, _number(value, where, 1.0)
            case "seconds":
                yield name, _number(value, where, 3600.0)
            case "factor":
                yield name, _factor(value, where)
            case "after" | "until":
                yield name, _moment(value, where)
            case "retryAfter":
                yield "retry_after", _whole(value, where, 0, 3600)
            case "status":
                yield name, _whole(value, where, 200, 599)
            case "processed":
                yield name, _boolean(value, where)
            case "do":
                pass
            case _:
                yield name, str(value)


def _operation(value: Any, where: str) -> str:
    """An operation by its name, or by its name without ``AzureADSyncObjects``."""
    for name in OPERATIONS:
        if value in (name, name.replace("AzureADSyncObjects", "")):
            return name
    raise _Wrong(where, f"{value!r} is no operation", f"write one of {', '.join(OPERATIONS)}")


def _calls(value: Any, where: str) -> Calls:
    """``3``, ``2-5``, ``4-`` or ``every 3``."""
    told = fullmatch(r"(\d{1,9})(-(\d{1,9})?)?|every (\d{1,9})", str(value))
    first, to, last, every = told.groups() if told else (None,) * 4
    if every and int(every):
        return Calls(every=int(every))
    if first and int(first) and (not last or int(first) <= int(last)):
        return Calls(int(first), int(last) if last else None if to else int(first))
    raise _Wrong(where, f"{value!r} are no numbers of calls", "write 3, 2-5, 4- or every 3; the first call is 1")


def _number(value: Any, where: str, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise _Wrong(where, f"{value!r} is no number from 0 to {most:g}")
    return float(value)


def _factor(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 1 <= value <= 1000:
        raise _Wrong(where, f"{value!r} is no number from 1 to 1000")
    return float(value)


def _moment(value: Any, where: str) -> float:
    """Seconds since the simulator started."""
    try:
        return parse_duration(str(value)).total_seconds()
    except ValueError:
        raise _Wrong(where, f"{value!r} is no time since the start", "write it as 36h or 1h30m") from None


def _whole(value: Any, where: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _Wrong(where, f"{value!r} is no whole number from {least} to {most}")
    return value


def _boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(where, f"{value!r} is neither true nor false")
    return value
