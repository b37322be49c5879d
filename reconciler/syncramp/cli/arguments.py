"""What stands on the command line becomes text and paths without pydantic.

typer asks pydantic for every value, also for a default that is what it should be. To load it takes 0.1 s of the
processor and 15 MB, a tenth of a run that has nothing to do. So values that are right as they stand are taken here;
for all others, and for whatever is wrong with one, typer is asked. It keeps the one that it asks in an attribute that
is its own: where a later typer does not look there, it asks pydantic again, and ``tests/integration/test_start.py``
tells.
"""

import os
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

import typer

_ASK = object()
"""typer is to be asked."""
_AS_IT_IS = {"exists": False, "file_okay": True, "dir_okay": True, "writable": False, "resolve_path": False}
"""What typer demands of a path where nothing is said: that it can be read, if it is there."""


def take_plainly(command: Any) -> None:
    """Let a command, and the commands below it, take plain values as they stand.

    :param command: of typer.
    """
    for parameter in command.get_params(typer.Context(command)):  # with --help, which it adds then
        if getattr(parameter, "_runtime_param", _ASK) is None:
            parameter._runtime_param = _PLAIN
    for below in getattr(command, "commands", {}).values():
        take_plainly(below)


class _Plain:
    """What typer asks for the value of a parameter."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value that the command gets.

        :raises typer.BadParameter: it is none.
        """
        if (found := _plain(value, param)) is not _ASK:
            return found
        param._runtime_param = None
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


_PLAIN = _Plain()


def _plain(value: Any, param: Any) -> Any:
    kind, said = param.type_descriptor.annotation, param.type_descriptor.parameter_info
    if get_origin(kind) is list and isinstance(value, tuple | list):
        found = [_ASK if each is None else _one(each, get_args(kind)[0], said) for each in value]
        return _ASK if _ASK in found else found
    return _ASK if param.multiple or param.nargs != 1 else _one(value, kind, said)


def _one(value: Any, kind: Any, said: Any) -> Any:
    if said.parser is not None or not isinstance(kind, type):
        return _ASK
    if value is None or (kind is str and type(value) is str) or (issubclass(kind, Enum) and isinstance(value, kind)):
        return value
    if kind is Path and isinstance(value, str | Path) and _takes_any(said) and _is_readable(value):
        return Path(value)
    return _ASK


def _takes_any(said: Any) -> bool:
    if said.allow_dash or said.path_type is not None:
        return False
    return all(getattr(said, name) is wanted for name, wanted in _AS_IT_IS.items())


def _is_readable(path: str | Path) -> bool:
    try:
        return os.access(path, os.R_OK) or not os.path.lexists(path)
    except ValueError:  # a zero byte
        return False
