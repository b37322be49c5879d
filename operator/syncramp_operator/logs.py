"""Log lines: one JSON object each, with the SyncConfig and the run it speaks of, and never a secret.

Kopf, the HTTP libraries and Python itself log exceptions, and texts of exceptions quote what they were given: a
password, a line of a file. So no exception's text is written unless it is one of ours, whose texts are made of places
and counts. Of all others the kind and the places in the code are left, which is what a report of a fault needs.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from syncramp.errors import SyncrampError

_KOPFS = ("k8s_skip", "k8s_ref", "settings", "taskName")
"""What Kopf hangs on its records; of these only the reference to the object is written."""
_CHATTY = ("kopf.objects", "kopf.activities", "aiohttp.access", "urllib3", "httpx")
"""They tell each success of each handler, each request and each retry."""

Caught = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Lines(JsonFormatter):
    """One JSON object a line: ``time``, ``severity``, ``logger``, ``message``, and what the record carries beside."""

    def __init__(self) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "severity", "name": "logger"},
            reserved_attrs=[*RESERVED_ATTRS, *_KOPFS],
            timestamp="time",
        )

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """The fields of a line; Kopf's reference to an object becomes ``config`` as in lines of ours."""
        super().add_fields(log_data, record, message_dict)
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, SyncrampError) and str(error):
            # Kopf repeats the text of an exception at the end of its own sentence.
            log_data["message"] = str(log_data["message"]).replace(str(error), type(error).__name__)
        reference = getattr(record, "k8s_ref", None)
        if reference and "config" not in log_data:
            log_data["config"] = f"{reference.get('namespace')}/{reference.get('name')}"

    def formatException(self, ei: Caught) -> str:  # noqa: N802 - logging's own name
        """The kind of the exception and of those that led to it, and where they were raised."""
        return trace(ei[1]) if ei[1] is not None else ""


def trace(error: BaseException) -> str:
    """An exception without its text: of what kind it is, where it was raised, and what led to it."""
    told: list[str] = []
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        told.append(_one(at))
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return "\nafter ".join(told)


class About(logging.LoggerAdapter[logging.Logger]):
    """A logger whose lines say what they are about; a line may add to that."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """What the logger adds to each line, and the line itself."""
        return msg, {**kwargs, "extra": {**(self.extra or {}), **(kwargs.get("extra") or {})}}


def about(config: str, run: str = "") -> About:
    """A logger whose lines name the SyncConfig, as ``NAMESPACE/NAME``, and the SyncRun they speak of."""
    return About(logging.getLogger("syncramp"), {"config": config} | ({"run": run} if run else {}))


def configure(level: int = logging.INFO) -> None:
    """All lines of this process go to standard error, as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _one(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    text = f": {error}" if isinstance(error, SyncrampError) else ""
    places = [
        f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    return f"{name}{text}{''.join(places)}"
