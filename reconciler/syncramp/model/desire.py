"""What synchronising an entry comes to: one row of the desired state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from syncramp.model.facts import Entry
from syncramp.model.rows import row
from syncramp.model.state import Cause
from syncramp.model.values import Attributes, Kind


class Code(StrEnum):
    """What can be wrong with one attribute of an object; a code never changes its meaning."""

    INVALID_USER_PRINCIPAL_NAME = "InvalidUserPrincipalName"
    """A user principal name has characters or a form that the service refuses or replaces."""
    INVALID_PROXY_ADDRESS = "InvalidProxyAddress"
    """An address is none, or there is more than one primary SMTP address."""
    INVALID_MAIL_ADDRESS = "InvalidMailAddress"
    """``mail`` is no mail address."""
    INVALID_ALIAS = "InvalidAlias"
    """A mail nickname begins with a dot."""
    UNVERIFIED_DOMAIN = "UnverifiedDomain"
    """A name or an address is of a domain that is not in ``spec.target.verifiedDomains``."""
    TOO_LONG = "TooLong"
    """A text is longer than the service takes."""
    TOO_MANY_VALUES = "TooManyValues"
    """A list has more values than the service takes."""
    DUPLICATE_VALUE = "DuplicateValue"
    """A value that must be unique in the tenant belongs to another object of the same kind."""
    TYPE_CONFLICT = "TypeConflict"
    """A value that must be unique in the tenant belongs to an object of another kind."""
    EXPRESSION_FAILED = "ExpressionFailed"
    """An expression of a rule has no result for this object."""
    ENABLES_ACCOUNT = "EnablesAccount"
    """A rule would enable an account that its directory does not call enabled."""


TAKEN = frozenset({Code.DUPLICATE_VALUE, Code.TYPE_CONFLICT})
"""What belongs to another object."""
OF_RULES = frozenset({Code.EXPRESSION_FAILED, Code.ENABLES_ACCOUNT})
"""What is wrong with a rule and not with a value: what was last wanted is still as good as it was."""


@dataclass(frozen=True, slots=True)
class Violation:
    """An attribute, or a value of a list, that is kept back: the cloud keeps what it has, and a new object comes
    without it.
    """

    attribute: str
    """Its wire name."""
    code: Code
    reason: str
    """One sentence for people."""


@row
class Staged:
    """An entry that must be synchronised again."""

    id: int
    source: int
    entry: Entry
    absent: int
    """Complete imports in a row that did not see it."""


@row
class Desired:
    """The object an entry should be in the cloud, or why it should not be there."""

    id: int
    source: int
    kind: Kind
    anchor: str
    attributes: Attributes | None
    """Wire names; single references are the anchors of their targets. None: it should not be in the cloud."""
    cause: Cause | None = None
    references: Mapping[str, int] = field(default_factory=dict)
    """Wire name of a single reference -> id of its target, also of one that should not be in the cloud."""
    leaving: Mapping[str, str] = field(default_factory=dict)
    """References to somebody who should not be in the cloud and may still be: name -> anchor. One the object has
    stays until its target is gone; it goes with the target, never by itself."""
    unresolved: Mapping[str, int] = field(default_factory=dict)
    """References that name nobody who lives: name -> DN key."""
    gone: frozenset[str] = frozenset()
    """Those of them whose target is known to be gone; the others may have been moved while they were read."""
    unread: frozenset[str] = frozenset()
    """Wire names whose value could not be read: what the object had stays."""
    undecided: bool = False
    """It cannot be judged: everything stays as it is."""
    disabled: bool = False
    """Of an account that cannot be judged: it is disabled, and that goes."""
    again: bool = False
    """Something of the entry cannot be read, and that is told in every run."""
    violations: tuple[Violation, ...] = ()
    """What is kept back of it. An attribute that is kept back whole is ``unread`` too."""
    withheld: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values that were left out of a list, by its wire name; those that the cloud has there stay."""
    hold: str = ""
    """Why nothing but a disable may be sent for an object that the cloud knows."""
    waits: str = ""
    """Why it may not be created yet."""
    configured: bool = False
    """Of somebody who leaves the scope: under the document before, the same entry would have stayed."""
    incomplete: bool = False
    """Something it is made of could not be judged: what is not said here stays as it was."""
