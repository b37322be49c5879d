"""Metrics for Prometheus: what was last seen of every SyncConfig, and what its runs add up to.

The registry holds no series of its own. A scrape makes them of what is kept here, so the series of a SyncConfig go
when it goes. A run that is over is counted once. A process that starts does not know what others before it have
counted; ``status.lastRun`` does, because it is written when a run is seen to be over: runs up to it were counted
then, those after it are counted now. Counters begin at zero in every process, as Prometheus expects them to.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector

from syncramp import __version__
from syncramp_operator.metrics.counters import COUNTERS
from syncramp_operator.metrics.gauges import GAUGES
from syncramp_operator.metrics.series import Family, Row
from syncramp_operator.metrics.written_back import WRITTEN_COUNTERS, WRITTEN_GAUGES
from syncramp_operator.status.facts import Facts, Object
from syncramp_operator.status.view import View, number_of, part, text, whole

_GAUGES, _COUNTERS = (*GAUGES, *WRITTEN_GAUGES), (*COUNTERS, *WRITTEN_COUNTERS)
Key = tuple[str, str]
"""Namespace and name of a SyncConfig."""


@dataclass(slots=True)
class _Config:
    """One SyncConfig."""

    uid: str
    counted: int
    """The number of the newest run that an earlier process, or an earlier step, counted with all before it."""
    seen: set[int] = field(default_factory=set)
    """Later runs that were counted, out of their order."""
    gauges: dict[str, list[Row]] = field(default_factory=dict)
    sums: dict[str, dict[tuple[str, ...], float]] = field(default_factory=lambda: defaultdict(dict))

    def count(self, runs: Iterable[Object]) -> None:
        """Add what was not counted yet."""
        new = [run for run in runs if number_of(run) > self.counted and number_of(run) not in self.seen]
        for run in new:
            self.seen.add(number_of(run))
            for counter in _COUNTERS:
                sums = self.sums[counter.name]
                for labels, number in counter.rows(run):
                    sums[labels] = sums.get(labels, 0) + number


class Metrics:
    """What ``/metrics`` shows. The operator's loop writes it and reads it; no thread does."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.leads = False
        """Whether this replica does the work."""
        self.queued = 0
        """Runs that wait for room."""
        self.running = 0
        """Runs that take up room."""
        self._configs: dict[Key, _Config] = {}
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def observe(self, before: Object, after: Object, facts: Facts, now: datetime) -> None:
        """Take in one step.

        :param before: the object as it was read: its status says which runs were counted.
        :param after: the object with the status that was written.
        """
        metadata = part(after, "metadata")
        key, uid = (text(metadata, "namespace"), text(metadata, "name")), text(metadata, "uid")
        known = self._configs.get(key)
        if known is None or known.uid != uid:
            counted = whole(part(part(before, "status"), "lastRun"), "number")
            known = self._configs[key] = _Config(uid, counted)
        view = View.of(after, facts, now)
        known.count(view.over)
        known.gauges = {gauge.name: list(gauge.rows(view)) for gauge in _GAUGES}

    def forget(self, namespace: str, name: str) -> None:
        """A SyncConfig is gone, and its series with it."""
        self._configs.pop((namespace, name), None)

    def describe(self) -> Iterator[Metric]:
        """The families, without series; the registry asks so that no name is taken twice."""
        yield from (GaugeMetricFamily(gauge.name, gauge.help, labels=_labels(gauge)) for gauge in _GAUGES)
        yield from (CounterMetricFamily(counter.name, counter.help, labels=_labels(counter)) for counter in _COUNTERS)
        yield from self._own()

    def collect(self) -> Iterator[Metric]:
        """One scrape."""
        for gauge in _GAUGES:
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=_labels(gauge))
            for key, config in self._configs.items():
                for labels, number in config.gauges.get(gauge.name, ()):
                    family.add_metric([*key, *labels], number)
            yield family
        for counter in _COUNTERS:
            total = CounterMetricFamily(counter.name, counter.help, labels=_labels(counter))
            for key, config in self._configs.items():
                for labels, number in config.sums[counter.name].items():
                    total.add_metric([*key, *labels], number)
            yield total
        yield from self._own()

    def _own(self) -> Iterator[Metric]:
        """What is of the operator as a whole."""
        info = GaugeMetricFamily("syncramp_build_info", "The release that runs; always 1.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        yield GaugeMetricFamily("syncramp_leader", "Whether this replica does the work.", value=float(self.leads))
        yield GaugeMetricFamily("syncramp_syncconfigs", "SyncConfigs that are known.", value=len(self._configs))
        yield GaugeMetricFamily("syncramp_queued_runs", "Runs that wait for room.", value=self.queued)
        yield GaugeMetricFamily("syncramp_active_runs", "Runs that are under way.", value=self.running)


def _labels(family: Family) -> list[str]:
    return ["namespace", "name", *family.labels]
