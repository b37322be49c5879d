"""The facts that guards judge, gathered before any of them is asked.

What this plan sends of each class, what was sent of it in the last 24 hours, and of how much that is. How much there
is, is looked up only where so much counts that it matters.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pyroaring import BitMap

from syncramp.model.guards import Spend, What
from syncramp.model.values import Kind
from syncramp.plan.nesting import Growth, growth
from syncramp.plan.survey import Removals, Survey
from syncramp.rules.ruleset import Ruleset
from syncramp.source import dn
from syncramp.spec.failsafe import FLOOR, Failsafe

Day = Mapping[Spend, BitMap]
Bases = Mapping[str, Sequence[str]]
"""Source -> the DNs of its scopes."""


class View(Protocol):
    """How much there is, as the store tells it (``store.census``)."""

    @property
    def in_cloud(self) -> BitMap:
        """Ids of objects that are known to be in the cloud."""

    def named(self, ids: BitMap) -> Iterator[tuple[int, Kind, str, str]]:
        """Id, kind, name of the source and DN of objects."""

    def sizes(self) -> Mapping[tuple[Kind, str], int]:
        """(Kind, name of the source) -> objects in the cloud."""

    def dns(self, source: str) -> Iterator[str]:
        """The DNs of a source's objects in the cloud."""

    def links(self) -> int:
        """Memberships in the cloud."""

    def members(self, groups: BitMap) -> Mapping[int, BitMap]:
        """Group -> members that the cloud possibly holds, also of groups that should leave it."""

    def having(self, attribute: str) -> int:
        """Objects in the cloud that have a value of an attribute."""

    def graph(self) -> tuple[Mapping[int, BitMap], Mapping[int, BitMap]]:
        """Group -> its members as they should be, and as the cloud surely has them."""


@dataclass(frozen=True, slots=True)
class Number:
    """What counts of one class of change."""

    due: BitMap = field(default_factory=BitMap)
    """What of this plan would go."""
    counted: BitMap = field(default_factory=BitMap)
    """The same together with what was sent in the last 24 hours."""
    whole: int = 0
    """What a percentage is of; 0 where it was not looked up, because so few always may go."""

    def __len__(self) -> int:
        return len(self.counted)

    def among(self, ids: BitMap, whole: int = 0) -> "Number":
        """What of it is among these."""
        return Number(self.due & ids, self.counted & ids, whole)


@dataclass(frozen=True, slots=True)
class Part:
    """Deletes of one kind, of one source, or below one base of a scope."""

    what: str
    """Kind, Source or Base."""
    subject: str
    number: Number


@dataclass(frozen=True, slots=True)
class Loss:
    """A group of which members are removed, or that is deleted."""

    id: int
    dn: str
    size: int
    """Members that it had a day ago, as far as the cloud may have held them."""
    number: Number = field(default_factory=Number)
    left: int = 0
    """Members that would stay."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that guards judge."""

    deletes: Number = field(default_factory=Number)
    parts: Sequence[Part] = ()
    groups: Sequence[Loss] = ()
    """Groups that this plan deletes."""
    losses: Sequence[Loss] = ()
    """Groups of which this plan removes members."""
    removals: int = 0
    """Links that are removed, by this plan and in the last 24 hours."""
    links: int = 0
    """Links in the cloud; 0 where they were not counted."""
    disables: Number = field(default_factory=Number)
    sign_in: Mapping[str, Number] = field(default_factory=dict)
    """By attribute."""
    in_cloud: int = 0
    clears: Mapping[str, Number] = field(default_factory=dict)
    """By attribute."""
    creates: Mapping[Kind, Number] = field(default_factory=dict)
    adopted: bool = False
    growth: Growth = field(default_factory=Growth)
    prevention: int | None = None
    """Deletes that the tenant's own setting lets go; None: it is not set, or not told."""
    held: Mapping[str, int] = field(default_factory=dict)
    """Hold -> changes that wait for it already, whatever guards say."""
    unproven: int = 0
    """Sources that are not proven to be read completely."""
    unverified: int = 0
    """Values that are kept back for their domain."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What facts are gathered beside the survey."""

    day: Day
    """What was sent in the last 24 hours and that nobody approved."""
    bases: Bases = field(default_factory=dict)
    adopted: bool = False
    prevention: int | None = None
    """See ``Facts``; made by ``model.guards.Prevention``."""
    held: Mapping[str, int] = field(default_factory=dict)
    unproven: int = 0
    unverified: int = 0
    thorough: bool = False
    """Look up how much there is also where nothing counts."""


def bases(rules: Iterable[Ruleset]) -> Bases:
    """The DNs of the scopes of every source, where they are now."""
    return {each.source: list(dict.fromkeys(place.base for place in each.places)) for each in rules}


def gather(survey: Survey, view: View, setting: Setting, limits: Failsafe) -> Facts:
    """The facts of one plan."""
    counts = _Counts(survey, view, setting)
    deletes = counts.number(What.DELETE)
    losses, removals = counts.losses()
    kinds = counts.kinds(deletes.counted)
    return Facts(
        deletes=deletes,
        parts=tuple(counts.parts(deletes, kinds, limits)),
        groups=tuple(counts.deleted(deletes.due & kinds.get(Kind.GROUP, BitMap()))),
        losses=losses,
        removals=removals,
        links=view.links() if removals > FLOOR or setting.thorough else 0,
        disables=counts.number(What.DISABLE),
        sign_in=counts.by_attribute(What.SIGN_IN),
        in_cloud=len(view.in_cloud),
        clears=counts.clears(limits),
        creates=counts.creates(),
        adopted=setting.adopted,
        growth=counts.growth(),
        prevention=setting.prevention,
        held=setting.held,
        unproven=setting.unproven,
        unverified=setting.unverified,
    )


class _Counts:
    def __init__(self, survey: Survey, view: View, setting: Setting) -> None:
        self._survey = survey
        self._view = view
        self._setting = setting
        self._sizes: Mapping[tuple[Kind, str], int] = {}
        if setting.thorough or self.number(What.DELETE).counted or setting.adopted:
            self._sizes = view.sizes()
        self._names: dict[int, tuple[Kind, str, str]] = {}

    def number(self, what: What, attribute: str = "", whole: int = 0) -> Number:
        due = self._survey.ids(what, attribute)
        return Number(due, due | self._setting.day.get(Spend(what, attribute), BitMap()), whole)

    def by_attribute(self, what: What) -> dict[str, Number]:
        spent = {spend.attribute for spend in self._setting.day if spend.what is what}
        names = sorted({*self._survey.by_attribute(what), *spent})
        return {name: self.number(what, name) for name in names}

    def clears(self, limits: Failsafe) -> dict[str, Number]:
        """How many have an attribute is looked up only where its percentage can matter: it reads every object."""
        found = self.by_attribute(What.CLEAR)
        for name, number in found.items():
            if limits.clears.floor < len(number) <= limits.clears.count:
                gone = len(number.counted - number.due)
                found[name] = Number(number.due, number.counted, self._view.having(name) + gone)
        return found

    def creates(self) -> dict[Kind, Number]:
        if not self._setting.adopted:
            return {}
        number = self.number(What.CREATE)
        kinds = self.kinds(number.counted)
        wholes = {kind: self._size(kind=kind) for kind in Kind}
        return {kind: number.among(kinds.get(kind, BitMap()), wholes[kind]) for kind in Kind}

    def kinds(self, ids: BitMap) -> dict[Kind, BitMap]:
        found: dict[Kind, BitMap] = {}
        for identity, (kind, _, _) in self._named(ids).items():
            found.setdefault(kind, BitMap()).add(identity)
        return found

    def _named(self, ids: BitMap) -> dict[int, tuple[Kind, str, str]]:
        missing = ids - BitMap(self._names)
        self._names.update({each: (kind, source, name) for each, kind, source, name in self._view.named(missing)})
        return {identity: self._names[identity] for identity in ids if identity in self._names}

    def _size(self, *, kind: Kind | None = None, source: str = "") -> int:
        return sum(
            number for (a, b), number in self._sizes.items() if (kind is None or a is kind) and source in ("", b)
        )

    def parts(self, deletes: Number, kinds: Mapping[Kind, BitMap], limits: Failsafe) -> Iterator[Part]:
        """Deletes of every kind, source and base there is."""
        named = self._named(deletes.counted)
        for kind in Kind:
            if kind in kinds or self._size(kind=kind):
                found = deletes.among(kinds.get(kind, BitMap()))
                yield Part("Kind", kind.value, self._of(found, self._size(kind=kind)))
        for source in sorted({*(name for _, name in self._sizes), *(name for _, name, _ in named.values())}):
            ids = BitMap(identity for identity, (_, name, _) in named.items() if name == source)
            yield Part("Source", source, self._of(deletes.among(ids), self._size(source=source)))
            yield from self._below(source, deletes.among(ids), limits)

    def _below(self, source: str, deletes: Number, limits: Failsafe) -> Iterator[Part]:
        """Of a source with one base the base is the source."""
        bases = self._setting.bases.get(source, ())
        for base in bases if len(bases) > 1 else ():
            names = self._named(deletes.counted)
            found = deletes.among(BitMap(each for each, (_, _, name) in names.items() if dn.lies_below(name, base)))
            looks = len(found) > limits.deletes.floor or self._setting.thorough
            whole = sum(dn.lies_below(name, base) for name in self._view.dns(source)) if looks else 0
            yield Part("Base", base, self._of(found, whole))

    def _of(self, number: Number, in_cloud: int) -> Number:
        """A percentage is of what was there when the day began: those who are gone already are part of it."""
        return Number(number.due, number.counted, in_cloud + len(number.counted - self._view.in_cloud))

    def deleted(self, groups: BitMap) -> Iterator[Loss]:
        members = self._view.members(groups)
        for group in groups:
            removed = self._setting.day.get(Spend(What.REMOVAL, group=group), BitMap())
            size = len(members.get(group, BitMap()) | removed)
            yield Loss(group, self._named(BitMap([group]))[group][2], size)

    def losses(self) -> tuple[tuple[Loss, ...], int]:
        """Groups of which this plan removes members, and how many links are removed in all."""
        spent = {spend.group: ids for spend, ids in self._setting.day.items() if spend.what is What.REMOVAL}
        losses = tuple(
            _loss(group, each, spent.get(group, BitMap())) for group, each in self._survey.removals.items()
        )
        others = sum(len(ids) for group, ids in spent.items() if group not in self._survey.removals)
        return losses, others + sum(len(loss.number) for loss in losses)

    def growth(self) -> Growth:
        if not self._survey.nested:
            return Growth()
        earlier = {spend.group: ids for spend, ids in self._setting.day.items() if spend.what is What.NESTING}
        young = self._setting.day.get(Spend(What.CREATE), BitMap())
        wanted, surely = self._view.graph()
        return growth(self._survey.nested, earlier, wanted, surely, self._view.in_cloud - young)


def _loss(group: int, removals: Removals, spent: BitMap) -> Loss:
    """Nobody stays of those who leave by themselves; that others come is no comfort, since they may be refused."""
    number = Number(removals.removes, removals.removes | spent)
    left = removals.members - removals.removes - removals.leaving
    return Loss(group, removals.dn, len(removals.members | spent), number, len(left))
