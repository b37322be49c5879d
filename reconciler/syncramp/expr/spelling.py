"""How attributes are spelled in an expression: a sign that CEL does not take in a name becomes an underscore."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from syncramp.expr.types import Name
from syncramp.model.values import Type


@dataclass(frozen=True, slots=True)
class Spelled:
    """The variables of an environment."""

    variables: Mapping[str, Mapping[str, tuple[str, Name]]]
    """Variable -> spelling of an attribute -> its name and type."""
    plain: frozenset[str]
    """Variables that are texts themselves."""


def spelling(name: str) -> str:
    """``mS-DS-ConsistencyGuid`` is ``mS_DS_ConsistencyGuid``."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def spelled(variables: Mapping[str, Mapping[str, Name] | Type]) -> Spelled:
    """The variables with their attributes spelled.

    :raises ValueError: two attributes are spelled alike, or a plain variable is no text.
    """
    made = {}
    for variable, attributes in variables.items():
        if isinstance(attributes, Type):
            if attributes is not Type.STRING:
                raise ValueError(f"{variable} is no text")
            continue
        made[variable] = {spelling(name): (name, kind) for name, kind in attributes.items()}
        if len(made[variable]) < len(attributes):
            raise ValueError(f"two attributes of {variable} are spelled alike")
    return Spelled(made, frozenset(variables) - frozenset(made))
