"""In how many groups somebody is at a sign-in: the SIDs that a domain controller would put into their token.

``tokenGroups`` (MS-ADTS 3.1.1.4.5.19) counts security groups alone, nested ones included, and is given for one entry
at a time by a search of that entry itself. Who has no SID, as a contact, signs in nowhere.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from syncramp.errors import AccessDenied
from syncramp.source.ldap.changing import named_by

_GROUPS, _SID = "tokenGroups", "objectSid"

Ask = Callable[[str, Sequence[str]], Mapping[str, Sequence[bytes]] | None]
"""The entry of a name, by its attributes in small letters; None: it is not there."""


@dataclass
class Tokens:
    """Who was asked for in a run; each once, since a person comes to many groups at a time."""

    ask: Ask
    _known: dict[bytes, int | None] = field(default_factory=dict)

    def of(self, guid: bytes) -> int | None:
        """How many groups are in a token; None: it is not there, or the account may not see that.

        :raises SyncrampError: the controller does not answer.
        """
        if guid not in self._known:
            self._known[guid] = self._asked(guid)
        return self._known[guid]

    def _asked(self, guid: bytes) -> int | None:
        with suppress(AccessDenied):
            values = self.ask(named_by(guid), [_GROUPS, _SID])
            if values is not None and (_GROUPS.lower() in values or _SID.lower() not in values):
                return len(values.get(_GROUPS.lower(), ()))
        return None
