"""Whether an expression makes what is wanted, and its result as a value of the model."""

import re

from syncramp.expr.access import CLASSES
from syncramp.expr.errors import EvaluationFailed
from syncramp.expr.operators import WORDS, word
from syncramp.expr.types import Name, Optional, Special, Want
from syncramp.expr.words import described
from syncramp.model.values import Value

TYPES = {str: "STRING", bool: "BOOL", int: "INT", bytes: "BYTES"}
"""How the library writes them."""
_RANKED = {"STRING", "BOOL", "INT", "DYN", "NULL"}


def unfit(made: str, wants: Name | Want) -> tuple[str, str] | None:
    """What is wrong with a type that the library found, and what to do; None when it fits."""
    if wants is Want.RANK:
        return _unranked(made)
    plain = TYPES[_class(wants)]
    wanted = f"LIST<{plain}>" if _multi(wants) else plain
    fitting = {wanted, "DYN"}
    if wants is not Want.CONDITION:
        fitting |= {f"optional_type<{wanted}>", "optional_type<DYN>", "NULL"}
    if _multi(wants):
        fitting |= {"LIST<DYN>", "optional_type<LIST<DYN>>"}
    if made in fitting:
        return None
    return f"it makes {described(made)}, but {described(wanted)} is wanted", _remedy(made, wanted)


def _unranked(made: str) -> tuple[str, str] | None:
    plain = re.sub(r"optional_type<(\w+)>", r"\1", made)
    if plain in _RANKED:
        return None
    return f"it makes {described(made)}, but a number, text, or true or false is wanted", ""


def canonical(result: object, wants: Name | Want) -> Value | Special:
    """The value in the model's form: text of white space alone is no value, a list is sorted by its bytes, without
    duplicates and without empty values.

    :raises EvaluationFailed: it is not of the wanted type.
    """
    if isinstance(result, Optional):
        result = result.value if result.present else None
    if result is None and wants is not Want.CONDITION:
        return Special.NO_VALUE
    if isinstance(result, Special):
        return result
    if wants is Want.RANK:
        return _ranked(result)
    class_ = _class(wants)
    if _multi(wants):
        return _list(result, class_)
    if type(result) is not class_:
        raise EvaluationFailed(f"the result is {word(result)}, not {WORDS[class_]}")
    return Special.NO_VALUE if _empty(result) else result  # type: ignore[return-value]  # of a class of Value


def _list(result: object, class_: type) -> Value | Special:
    if type(result) is not tuple:
        raise EvaluationFailed(f"the result is {word(result)}, not a list")
    for item in result:
        if type(item) is not class_:
            raise EvaluationFailed(f"an item of the result is {word(item)}, not {WORDS[class_]}")
    kept = {item for item in result if not _empty(item)}
    return tuple(sorted(kept, key=lambda item: item.encode() if class_ is str else item)) or Special.NO_VALUE


def _ranked(result: object) -> Value | Special:
    if not isinstance(result, bool | int | str):
        raise EvaluationFailed(f"the result is {word(result)}, not a number, text, or true or false")
    return Special.NO_VALUE if _empty(result) else result


def _empty(value: object) -> bool:
    return (isinstance(value, str) and not value.strip()) or value == b""


def _class(wants: Name | Want) -> type:
    if isinstance(wants, Name):
        return CLASSES[wants.type]
    return bool if wants is Want.CONDITION else str


def _multi(wants: Name | Want) -> bool:
    return isinstance(wants, Name) and wants.multi


def _remedy(made: str, wanted: str) -> str:
    if made == f"optional_type<{wanted}>":
        return "say what a missing value means: .orValue(...)"
    if made.replace("optional_type<", "").replace(">>", ">") == wanted and made != wanted:
        return "leave out what is missing: [?entry.?mail]"
    if made == f"LIST<{wanted}>":
        return "take one of its values: first(...)"
    if wanted == f"LIST<{made}>":
        return "put it between brackets: [...]"
    if wanted == "STRING":
        return "make text of it: string(...)"
    return ""
