"""A partition read from the first server that is fresh; anew from another one where that one is lost in the middle.

A server that does not have everything that was seen before is passed over for one that has it; what a lost server
showed is part of that. Where none has it, nothing is told: what an old replica says is coherent, and would enable who
was disabled meanwhile, and add who was removed. The proof says so, and all stays as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from syncramp.errors import InputRefused, SourceIncomplete, SourceUnavailable, Stalled, SyncrampError, UntrustedServer
from syncramp.model.facts import Evidence, Fact, Proof, Restart
from syncramp.model.seams import Known
from syncramp.source.ldap import freshness
from syncramp.source.ldap.freshness import Standing

if TYPE_CHECKING:
    from syncramp.source.ldap.directory import LdapSource
    from syncramp.source.ldap.root import Root
    from syncramp.source.ldap.session import Session


class Chosen(NamedTuple):
    """A server that is read."""

    session: "Session"
    root: "Root"
    standing: Standing
    """Before the read."""
    fresh: Evidence


@dataclass(frozen=True)
class Anew:
    """What is known of a partition whose read begins anew: no delta is asked for (``model.seams.Known``)."""

    known: Known

    @property
    def watermark(self) -> None:
        """Everything is read."""
        return

    @property
    def horizon(self) -> bytes | None:
        """As it was."""
        return self.known.horizon

    @property
    def sentinels(self) -> Mapping[bytes, frozenset[str]]:
        """As they were."""
        return self.known.sentinels

    def returned(self) -> Sequence[bytes]:
        """As it was."""
        return self.known.returned()

    def unseen(self, guids: bytes) -> Sequence[bytes]:
        """As it was."""
        return self.known.unseen(guids)

    @property
    def keyed(self) -> bool:
        """As it was."""
        return self.known.keyed

    def spelled(self, guid: bytes, attribute: str) -> bytes:
        """As it was."""
        return self.known.spelled(guid, attribute)


@dataclass
class Failover:
    """The read of one partition; ``facts`` is to be called once."""

    source: "LdapSource"
    partition: str
    wanted: frozenset[str]
    known: Known | None
    _left: list[str] = field(init=False)
    """Servers that may be read yet."""
    _behind: Evidence = field(default=Evidence(), init=False)
    """What the first server lacks, where all do."""
    _why: str = field(default="", init=False)
    """Why everything is read where changes were asked for."""

    def __post_init__(self) -> None:
        self._left = list(self.source.servers)
        self._horizon = freshness.decode(self.known.horizon if self.known else None)

    def facts(self) -> Iterator[Fact]:
        """Facts, with a Restart where another server begins anew, and the proof; the proof alone where none is fresh.

        :raises SyncrampError: no server answers, one refuses us, or the last one broke off; then the error has the
            horizon of what was told.
        """
        known, told = self.known, False
        lost: SourceUnavailable | None = None
        while (chosen := self._choose(lost)) is not None:
            with closing(chosen.session):
                try:
                    if lost is not None and told:
                        known = Anew(known) if known else None
                        self._why = f"{lost.where} was lost in the middle of it"
                        yield Restart(f"{lost.where}: {lost.what}; it is read anew from {chosen.session.server}")
                    for fact in self._read(chosen, known):
                        told = True
                        yield fact
                    return
                except (SourceUnavailable, SourceIncomplete) as error:
                    if told:
                        self._horizon = freshness.extend(self._horizon, chosen.standing)
                        error.horizon = self._horizon.encoded() if self._horizon.positions else None
                    if isinstance(error, SourceIncomplete) or not self._left:
                        raise
                    lost = error
        yield Proof(self.partition, True, 0, None, fresh=self._behind, delta=True, horizon=self._horizon.encoded())

    def _read(self, chosen: Chosen, known: Known | None) -> Iterator[Fact]:
        self.source.answered[self.partition] = chosen.session.server
        for fact in self.source.reading(chosen, self.partition, self.wanted, known):
            yield self._seal(fact, chosen) if isinstance(fact, Proof) else fact

    def _seal(self, proof: Proof, chosen: Chosen) -> Proof:
        """The proof with what is to be said about freshness, and the horizon after the read."""
        after = freshness.look(chosen.session, chosen.session.root(), self.partition)
        horizon = freshness.extend(self._horizon, after)
        if self._why and self.known is not None and self.known.watermark is not None:
            proof = replace(proof, why_full=self._why)
        return replace(proof, fresh=chosen.fresh, horizon=horizon.encoded() if horizon.positions else None)

    def _choose(self, lost: SourceUnavailable | None) -> Chosen | None:
        """The first server that is fresh; None: some answer, and all of them are behind.

        :raises SyncrampError: none answers, or one was lost and none is fresh.
        """
        behind: list[Evidence] = []
        failures: list[SyncrampError] = []
        for server in tuple(self._left):
            try:
                chosen = self._ask(server)
            except (SourceUnavailable, UntrustedServer) as failure:
                self._left.remove(server)
                failures.append(failure)
                continue
            if chosen.fresh.proven:
                self._left.remove(server)
                return chosen
            chosen.session.close()
            behind.append(chosen.fresh)
        if lost is not None:
            raise lost
        if not behind:
            raise unreachable(self.source.name, failures)
        self._behind = behind[0]
        return None

    def _ask(self, server: str) -> Chosen:
        session = self.source.connect_to(server)
        try:
            root = session.root()
            standing = freshness.look(session, root, self.partition)
        except BaseException:
            session.close()
            raise
        fresh = freshness.judge(self._horizon, standing)
        if not fresh.proven:
            fresh = replace(fresh, reason=f"{server}: {self.partition}: {fresh.reason}")
        return Chosen(session, root, standing, fresh)


def unreachable(source: str, failures: Sequence[SyncrampError]) -> SyncrampError:
    """The error of a source of which no server could be used; a person's matter comes before a passing one."""
    if not failures:
        return InputRefused("no server is given", where=f"spec.sources[{source}].ldap.servers")
    return next((failure for failure in failures if isinstance(failure, Stalled)), failures[-1])
