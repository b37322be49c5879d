"""Where a delta begins, as the store keeps it for us: which method, of which domain, from where on."""

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Watermark:
    """The end of a read."""

    method: str
    """Of ``model.tracking``; neither ``AUTO`` nor ``FULL``."""
    domain: bytes
    """objectGUID, or entryUUID, of the naming context's root."""
    at: datetime
    """By the server's clock."""
    cookie: bytes = b""
    """Of DirSync or SyncRepl; the CSNs of ContextCSN."""
    server: bytes = b""
    """The invocation id that the USN counts for."""
    usn: int = 0
    """Of ContextCSN how often a read found that it had moved; of DirSync 1, where somebody moved out of sight."""
    missing: frozenset[bytes] = frozenset()
    """Of OpenLDAP the GUIDs of whom the read did not find, and nobody called deleted; the next one must agree."""

    def encoded(self) -> bytes:
        """For ``decoded``."""
        held = {
            "method": self.method,
            "domain": b64encode(self.domain).decode(),
            "at": self.at.isoformat(),
            "cookie": b64encode(self.cookie).decode(),
            "server": b64encode(self.server).decode(),
            "usn": self.usn,
            "missing": b64encode(b"".join(sorted(self.missing))).decode(),
        }
        return json.dumps(held).encode()


def decoded(data: bytes | None) -> Watermark | None:
    """None, if there is none, or it is of another release that wrote it otherwise."""
    try:
        held = json.loads(data or b"")
        domain, cookie, server = (b64decode(held[name], validate=True) for name in ("domain", "cookie", "server"))
        at = datetime.fromisoformat(held["at"]).astimezone(UTC)
        packed = b64decode(held.get("missing", ""), validate=True)
        missing = frozenset(packed[place : place + 16] for place in range(0, len(packed), 16))
        return Watermark(str(held["method"]), domain, at, cookie, server, int(held["usn"]), missing)
    except (ValueError, LookupError, TypeError):
        return None
