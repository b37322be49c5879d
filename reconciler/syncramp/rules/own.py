"""Own rules: those of the document, applied to what the built-in rules made of an entry.

They see the object as the built-in rules made it and never each other, so the order in which they are written says
nothing. An exclusion counts wherever it holds. For each attribute, the rules are asked in the order of their
precedence, lowest first, until one decides it:

* a value: the object has it;
* no value: the next rule is asked, and after the last one what the built-in rules made stays;
* clear: the object has none;
* leave: it stays as it is in the cloud, and a new object comes without it.

An expression that fails decides too: nothing is known of the attribute, so it stays as it is in the cloud, with a
violation. Of an exclusion that fails, nothing is known of the whole entry: it stays what it is. A disable passes
everything: what the directory says is disabled is not enabled by a rule.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncramp.expr.environment import Environment
from syncramp.expr.errors import EvaluationFailed
from syncramp.expr.types import Name, Special, Want
from syncramp.model.desire import Code, Violation
from syncramp.model.facts import Entry
from syncramp.model.values import Kind, Value
from syncramp.rules.settable import settable, wrong_number
from syncramp.rules.types import Decision, DirectoryObject
from syncramp.rules.view import Asked, Seen, directory_names, environment
from syncramp.spec.types import DeclaredAttribute, Rule, SyncConfig

_ENABLED = "accountEnabled"


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A rule, ready to be asked."""

    name: str
    precedence: int
    when: Asked | None
    sets: Sequence[tuple[str, Asked | None]]
    """Wire name and expression; None: clear."""

    def holds(self, seen: Seen) -> bool:
        """The rule is for this entry.

        :raises EvaluationFailed: nobody knows.
        """
        return self.when is None or self.when.of(seen) is True


class OwnRules:
    """The document's rules for one source.

    :param rules: all of the document; those of other sources are left out.
    :param declared: attributes that the document declares.
    :param source: the name of the source.
    :raises syncramp.expr.errors.ExpressionError: an expression does not compile; ``check`` tells that with its place.
    """

    def __init__(self, rules: Iterable[Rule], declared: Sequence[DeclaredAttribute], source: str) -> None:
        self._source = source
        self.declared: Sequence[DeclaredAttribute] = tuple(declared)
        """All of the document."""
        mine = sorted((rule for rule in rules if rule.source in (None, source)), key=lambda rule: rule.precedence)
        self.rules: Sequence[Rule] = mine
        """Those of this source, in the order in which they are asked."""
        kinds = {kind: environment(kind, declared) for kind in {rule.kind for rule in mine}}
        names = directory_names(declared)
        compiled = [(rule, _compile(rule, kinds[rule.kind], names)) for rule in mine]
        self._exclusions = _by_kind(pair for pair in compiled if pair[0].excludes)
        self._flows = _by_kind(pair for pair in compiled if not pair[0].excludes)
        self._kinds = self._exclusions.keys() | self._flows.keys()
        asked = [one for _, made in compiled for one in (made.when, *(value for _, value in made.sets)) if one]
        self.wanted = frozenset(name for one in asked for name in one.wanted)
        """Attributes to read from the directory, in lower case."""
        self.identity = _identity(mine, [one for one in declared if one.name.lower() in self.wanted])
        """When it changes, every entry must be synchronised again."""

    def may_exclude(self, kind: Kind) -> bool:
        """A rule may leave out entries of this kind."""
        return kind in self._exclusions

    def concerns(self, kind: Kind) -> bool:
        """A rule is for entries of this kind."""
        return kind in self._kinds

    def applied(self, entry: Entry, decision: Decision, unread: Mapping[str, str]) -> Decision:
        """What becomes of an entry.

        :param decision: of the built-in rules, with an object.
        :param unread: wire names whose value cannot be read -> why; without a word when there is nothing to tell.
        """
        made = decision.object
        if made is None or entry.kind not in self._kinds:
            return decision
        seen = Seen(entry, made.attributes, unread, self._source)
        if left_out := self._excluded(seen):
            return left_out
        flow = _Flow(seen, dict(made.attributes), dict(unread))
        for rule in self._flows.get(entry.kind, ()):
            flow.apply(rule)
        if not flow.won and not flow.violations:
            return decision
        return replace(decision, object=flow.result(made), warnings=tuple(filter(None, flow.unread.values())))

    def _excluded(self, seen: Seen) -> Decision | None:
        failed = ""
        for rule in self._exclusions.get(seen.entry.kind, ()):
            try:
                if rule.holds(seen):
                    return Decision(None, left_out_by(rule.name))
            except EvaluationFailed as error:
                failed = failed or f"{rule.name}: {error.reason}"
        if not failed:
            return None
        name, _, _ = failed.partition(":")
        disabled = seen.made.get(_ENABLED) is False and _ENABLED not in seen.unread
        return Decision(
            None, f"rule {name} has no result for it", undecided=True, disabled=disabled, detail=f"rule {failed}"
        )


@dataclass(slots=True)
class _Flow:
    """The attributes of one object, while the rules decide them."""

    seen: Seen
    values: dict[str, Value]
    unread: dict[str, str]
    won: dict[str, int] = field(default_factory=dict)
    cleared: set[str] = field(default_factory=set)
    violations: list[Violation] = field(default_factory=list)

    def apply(self, rule: _Compiled) -> None:
        """Let a rule decide what no rule before it has decided."""
        open_ = [pair for pair in rule.sets if pair[0] not in self.won]
        if not open_:
            return
        try:
            if not rule.holds(self.seen):
                return
        except EvaluationFailed as error:
            for wire, _ in open_:
                self._fail(wire, rule, f"when of rule {rule.name}: {error.reason}")
            return
        for wire, asked in open_:
            try:
                result = Special.CLEAR if asked is None else asked.of(self.seen)
            except EvaluationFailed as error:
                self._fail(wire, rule, f"rule {rule.name}: {error.reason}")
            else:
                self._take(wire, rule, result)

    def result(self, made: DirectoryObject) -> DirectoryObject:
        """The object as the rules left it."""
        return replace(
            made,
            attributes=self.values,
            unread=frozenset(self.unread),
            won=self.won,
            cleared=frozenset(self.cleared),
            violations=(*made.violations, *self.violations),
        )

    def _take(self, wire: str, rule: _Compiled, result: Value | Special) -> None:
        if result is Special.NO_VALUE:
            return
        if wire == _ENABLED:
            self._take_enabled(rule, result)
            return
        if wrong := wrong_number(wire, result):
            self._fail(wire, rule, f"rule {rule.name}: {wrong}")
            return
        self._decide(wire, rule)
        if result is Special.CLEAR:
            self.cleared.add(wire)
        elif result is Special.LEAVE:
            self.unread[wire] = ""
        else:
            self.values[wire] = result

    def _take_enabled(self, rule: _Compiled, result: Value | Special) -> None:
        """A rule may disable an account; who is disabled in the directory is enabled by none."""
        enabled = self.values.get(_ENABLED) is True
        if result is False or (result is True and enabled):
            self._decide(_ENABLED, rule)
            self.values[_ENABLED] = result
        elif result is True:
            reason = f"rule {rule.name} would enable an account that is not enabled in its directory"
            self.violations.append(Violation(_ENABLED, Code.ENABLES_ACCOUNT, reason))
        elif result is Special.CLEAR:
            self._fail(_ENABLED, rule, f"rule {rule.name}: an account is enabled or disabled, never neither")
        elif enabled:
            self.won[_ENABLED] = rule.precedence
            self.unread[_ENABLED] = ""

    def _fail(self, wire: str, rule: _Compiled, reason: str) -> None:
        """Nothing is known of the attribute; but who is disabled stays so, and somebody new comes disabled."""
        self.violations.append(Violation(wire, Code.EXPRESSION_FAILED, reason))
        if wire != _ENABLED:
            self._decide(wire, rule)
            self.unread[wire] = ""
        elif self.values.get(_ENABLED) is True:
            self._decide(wire, rule)
            self.unread[wire] = ""
            self.values[wire] = False

    def _decide(self, wire: str, rule: _Compiled) -> None:
        self.won[wire] = rule.precedence
        self.unread.pop(wire, None)
        self.values.pop(wire, None)


def _compile(rule: Rule, names: Environment, entry: Mapping[str, Name]) -> _Compiled:
    when = Asked(names.compile(rule.when, Want.CONDITION), entry) if rule.when else None
    sets: list[tuple[str, Asked | None]] = [
        (wire, Asked(names.compile(text, settable(rule.kind, wire)), entry)) for wire, text in rule.sets.items()
    ]
    cleared: list[tuple[str, Asked | None]] = [(wire, None) for wire in rule.clears]
    return _Compiled(rule.name, rule.precedence, when, sorted(sets + cleared, key=lambda pair: pair[0]))


def left_out_by(name: str) -> str:
    """The reason of who is left out by a rule."""
    return f"excluded by rule {name}"


def _by_kind(rules: Iterable[tuple[Rule, _Compiled]]) -> Mapping[Kind, Sequence[_Compiled]]:
    found: dict[Kind, list[_Compiled]] = {}
    for rule, made in rules:
        found.setdefault(rule.kind, []).append(made)
    return found


def _identity(rules: Iterable[Rule], declared: Iterable[DeclaredAttribute]) -> str:
    plain = [
        (
            one.name,
            one.precedence,
            one.kind.value,
            one.when,
            one.excludes,
            sorted(one.sets.items()),
            sorted(one.clears),
        )
        for one in rules
    ]
    return repr((plain, sorted((own.name, own.type.value, own.multi) for own in declared)))


def own_rules(config: SyncConfig, source: str) -> OwnRules | None:
    """The rules of a document for one source; None where it has none, and then nothing is compiled or loaded.

    :raises syncramp.expr.errors.ExpressionError: see :class:`OwnRules`.
    """
    if not any(rule.source in (None, source) for rule in config.rules):
        return None
    return OwnRules(config.rules, config.attributes, source)
