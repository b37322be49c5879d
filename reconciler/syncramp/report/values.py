"""A value of an attribute as people read it: bytes by their length and digest, long texts by their beginning."""

from hashlib import sha256

from syncramp.model.values import Value

LONG = 120
"""Characters of a text that are shown."""
SEVERAL = 5
"""Values of a list that are shown."""


def shown(value: Value | None, *, raw: bool = False) -> list[str]:
    """A value as one line, a list as one line for each of its values.

    :param raw: of a directory: text where the bytes are one.
    """
    if isinstance(value, tuple):
        lines = [_one(each, raw) for each in value[:SEVERAL]] or ["(none)"]
        return [*lines, f"… and {len(value) - SEVERAL:,} more"] if len(value) > SEVERAL else lines
    return [_one(value, raw)]


def brief(value: bytes) -> str:
    """Bytes by their length and the beginning of their digest (SHA-256)."""
    return f"({len(value):,} bytes, sha256 {sha256(value).hexdigest()[:16]})"


def _one(value: Value | None, raw: bool) -> str:
    if isinstance(value, bytes):
        text = _text(value) if raw else None
        return brief(value) if text is None else _one(text, raw)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value if len(value) <= LONG else f"{value[:LONG]}… ({len(value):,} characters)"
    return "(none)" if value is None else str(value)


def _text(value: bytes) -> str | None:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None
