"""The one place that uses cel-expr-python: it parses and checks expressions, and matches regular expressions.

The variables are messages of protocol buffers made at run time, so that the library knows the type of each attribute
and finds one that does not exist. The library, and protobuf with it, is imported when it is first needed.
"""

import json
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from syncramp.expr.spelling import Spelled
from syncramp.model.values import Type

if TYPE_CHECKING:
    from cel_expr_python import cel

PACKAGE = "syncramp"
"""Of the messages; it shows in the library's errors."""
FIELDS = {Type.STRING: 9, Type.REFERENCE: 9, Type.BOOLEAN: 8, Type.INTEGER: 3, Type.BINARY: 12}
"""FieldDescriptorProto.Type: string, bool, int64, bytes."""
REPEATED, SINGLE = 3, 1
"""FieldDescriptorProto.Label."""


class Library:
    """The library's environment for one set of variables.

    :param configuration: the functions, as YAML (:mod:`syncramp.expr.declarations`).
    """

    def __init__(self, spelled: Spelled, configuration: str) -> None:
        from cel_expr_python import cel
        from cel_expr_python.ext import ext_optional
        from google.protobuf.descriptor_pool import DescriptorPool

        pool = DescriptorPool()
        pool.AddSerializedFile(_messages(spelled))
        variables = {name: cel.Type(f"{PACKAGE}.{name}") for name in spelled.variables}
        self._environment = cel.NewEnv(
            descriptor_pool=pool,
            config=_functions(configuration),
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


@cache
def _functions(configuration: str) -> "cel.EnvConfig":
    """To read them takes the library 4 ms, and a document asks for three environments."""
    from cel_expr_python import cel

    return cel.NewEnvConfigFromYaml(configuration)


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
