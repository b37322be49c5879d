"""The one place that uses cel-expr-python: it parses and checks expressions, and matches regular expressions.

The variables are messages of protocol buffers made at run time, so that the library knows the type of each attribute
and finds one that does not exist. Its own functions are left out: everything that an expression may call is declared
by our table. The library, and protobuf with it, is imported when the first expression is compiled.
"""

import json
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from syncramp.expr.functions import FUNCTIONS, SPECIALS
from syncramp.expr.functions.table import T, declaration
from syncramp.expr.spelling import Spelled
from syncramp.model.values import Type

if TYPE_CHECKING:
    from cel_expr_python import cel

PACKAGE = "syncramp"
"""Of the messages; it shows in the library's errors."""
LEFT_OUT = (
    "bool", "bytes", "contains", "double", "duration", "dyn", "endsWith", "getDate", "getDayOfMonth",
    "getDayOfWeek", "getDayOfYear", "getFullYear", "getHours", "getMilliseconds", "getMinutes", "getMonth",
    "getSeconds", "int", "matches", "size", "startsWith", "string", "timestamp", "type", "uint",
)  # fmt: skip
"""CEL's standard functions: those that we offer are declared by our table, with our meaning."""
FIELDS = {Type.STRING: 9, Type.REFERENCE: 9, Type.BOOLEAN: 8, Type.INTEGER: 3, Type.BINARY: 12}
"""FieldDescriptorProto.Type: string, bool, int64, bytes."""
REPEATED, SINGLE = 3, 1
"""FieldDescriptorProto.Label."""


class Library:
    """The library's environment for one set of variables."""

    def __init__(self, spelled: Spelled) -> None:
        from cel_expr_python import cel
        from cel_expr_python.ext import ext_optional
        from google.protobuf.descriptor_pool import DescriptorPool

        pool = DescriptorPool()
        pool.AddSerializedFile(_messages(spelled))
        variables = {name: cel.Type(f"{PACKAGE}.{name}") for name in spelled.variables}
        self._environment = cel.NewEnv(
            descriptor_pool=pool,
            config=cel.NewEnvConfigFromYaml(_configuration()),
            variables=variables | dict.fromkeys(spelled.plain, cel.Type.STRING),
            extensions=[ext_optional.ExtOptional(1)],  # version 1: first and last are ours
        )

    def check(self, text: str) -> tuple[bytes, str]:
        """The checked expression, serialised, and its type as the library writes it, ``LIST<STRING>``.

        :raises RuntimeError: it does not parse or its types do not fit; each problem is ``ERROR: <input>:1:2: ...``.
        """
        expression = self._environment.compile(text)
        return expression.serialize(), expression.return_type().name()


def matches(text: str, pattern: str) -> bool:
    """Whether a regular expression of RE2 is found in a text.

    :raises ValueError: it is no expression of RE2.
    """
    try:
        result = _matcher(pattern).eval(data={"text": text})
    except (RuntimeError, ValueError) as error:
        raise ValueError(_reason(str(error))) from None
    if result.type().name() == "BOOL":
        return bool(result.value())
    raise ValueError(_reason(str(result.value())))


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> "cel.Expression":
    """With the pattern as a literal, which JSON writes as CEL does."""
    return _text_environment().compile(f"text.matches({json.dumps(pattern, ensure_ascii=False)})")


@cache
def _text_environment() -> "cel.Env":
    from cel_expr_python import cel

    return cel.NewEnv(variables={"text": cel.Type.STRING})


def _reason(message: str) -> str:
    return message.removeprefix("INVALID_ARGUMENT: ").removesuffix(" [INVALID_ARGUMENT]")


def _messages(spelled: Spelled) -> bytes:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    file = FileDescriptorProto(name="variables.proto", package=PACKAGE, syntax="proto2")
    for variable, attributes in spelled.variables.items():
        message = file.message_type.add(name=variable)
        for number, (spelling, (_, kind)) in enumerate(attributes.items(), 1):
            # a name for JSON is given because the one that is derived could be that of another field
            message.field.add(
                name=spelling,
                json_name=f"field{number}",
                number=number if number < 19_000 else number + 1_000,  # 19,000 to 19,999 are reserved
                type=FIELDS[kind.type],
                label=REPEATED if kind.multi else SINGLE,
            )
    return bytes(file.SerializeToString())


@cache
def _configuration() -> str:
    """JSON, which is YAML."""
    return json.dumps(
        {
            "stdlib": {"exclude_functions": [{"name": name} for name in LEFT_OUT]},
            "functions": [{"name": name, "overloads": list(overloads)} for name, overloads in _declared()],
        }
    )


def _declared() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for name in SPECIALS:
        yield name, [{"id": name, "args": [], "return": declaration(T)}]
    for function in FUNCTIONS.values():
        overloads: list[dict[str, Any]] = []
        for overload in function.overloads:
            arguments = [declaration(parameter) for parameter in overload.parameters]
            result = declaration(overload.result)
            overloads.append({"id": overload.id, "args": arguments, "return": result})
            behind = {"target": arguments[0], "args": arguments[1:]}
            overloads.append({"id": f"{overload.id}_behind", **behind, "return": result})
        yield function.name, overloads
