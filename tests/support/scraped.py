"""Metrics as a scrape shows them: through the text that Prometheus reads."""

from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from syncramp_operator.metrics.registry import Metrics

OWN = {"namespace": "identity", "name": "contoso"}


class Scraped(dict[tuple[str, frozenset[tuple[str, str]]], float]):
    """Series and their numbers."""

    def of(self, name: str, **labels: str) -> float | None:
        """Of the SyncConfig in all tests."""
        return self.get((name, frozenset((OWN | labels).items())))

    def all(self, name: str) -> dict[frozenset[tuple[str, str]], float]:
        return {labels: number for (found, labels), number in self.items() if found == name}


def scrape(metrics: Metrics) -> Scraped:
    """Through the text that Prometheus reads."""
    families = text_string_to_metric_families(generate_latest(metrics.registry).decode())
    return Scraped(
        {(one.name, frozenset(one.labels.items())): one.value for each in families for one in each.samples}
    )
