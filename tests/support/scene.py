"""One directory, one cloud and the engine between them: a test changes the first and looks at the second."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from support.build import config
from support.engine import Engine
from support.living import Living
from syncramp.model.report import RunReport
from syncramp.model.seams import Source
from syncramp.model.values import Kind
from syncramp.rules.ruleset import Ruleset
from syncramp.source.bases import Base
from syncramp.spec.types import EndpointOverrides, Scope, SourceAnchor

EVERYTHING = frozenset({Kind.USER, Kind.GROUP, Kind.CONTACT})


@dataclass
class Scene(Engine):
    """An engine whose source is opened anew for every run, as a process does it."""

    directory: Living = field(kw_only=True)
    scopes: Sequence[Scope] = field(kw_only=True)
    others: dict[str, Sequence[Scope]] = field(default_factory=dict, kw_only=True)
    """Of sources that have scopes of their own."""

    def rules(self, name: str) -> Ruleset:
        return Ruleset(self.others.get(name, self.scopes), self.config.source_anchor, name)

    def open(self) -> None:
        """Read the directory as it is now."""
        self.sources = [self._source(spec.name) for spec in self.config.sources]  # type: ignore[misc]

    def _source(self, name: str) -> Source:
        scopes = self.others.get(name, self.scopes)
        return self.directory.source(*(Base(scope.dn, scope.guid) for scope in scopes), name=name)

    def go(self) -> RunReport:
        """One run."""
        self.open()
        report, self.plan = self.run()
        return report

    def calm(self, most: int = 6) -> RunReport:
        """Runs until nothing waits."""
        for _ in range(most):
            report = self.go()
            if report.settled:
                return report
        told = [report.sources, report.holds, report.errors, report.objects, report.links, report.failure]
        raise AssertionError(f"not settled after {most} runs: {told}")

    @property
    def there(self) -> set[str]:
        """Who is in the cloud."""
        return {str(held.values.get("displayName", anchor)) for anchor, held in self.cloud.objects.items()}

    def members(self, group: str) -> set[str]:
        """Who is in a group in the cloud."""
        anchors = {anchor: str(held.values["displayName"]) for anchor, held in self.cloud.objects.items()}
        (mine,) = (anchor for anchor, name in anchors.items() if name == group)
        return {anchors[anchor] for anchor in self.cloud.links.get(mine, ())}

    def holds(self, name: str) -> dict[str, object]:
        """What the cloud has of somebody."""
        (found,) = (held.values for held in self.cloud.objects.values() if held.values.get("displayName") == name)
        return dict(found)


def scene(path: Path, directory: Living, *scopes: Scope, sources: Sequence[str] = ("corp",)) -> Scene:
    """An engine for some scopes of a directory.

    :param sources: the names by which a document has it, one or several.
    """
    at_once = EndpointOverrides(visibility_delay=timedelta())
    document = config(sources=sources, endpoint=at_once, source_anchor=SourceAnchor.OBJECT_GUID)
    made = Scene(path, config=document, directory=directory, scopes=scopes)
    made.pace = replace(made.pace, objects_per_call=500)
    return made


def scope(directory: Living, unit: str, **more: object) -> Scope:
    """A scope of everything below a unit."""
    return replace(Scope(directory.dn(unit), EVERYTHING), **more)  # type: ignore[arg-type]
