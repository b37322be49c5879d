"""Numbers of other systems, as a document names them."""

from collections.abc import Iterable

from syncramp.model.seams import OutsideMetric, SecretReader
from syncramp.spec.ramps import Prometheus, RampPolicy, Webhook


def metrics_of(policies: Iterable[RampPolicy], secrets: SecretReader) -> dict[tuple[str, str], OutsideMetric]:
    """By the name of the ramp and of the gate; nobody is asked yet, and no Secret is read."""
    return {
        (policy.name, gate.name): metric_of(gate.external, secrets)
        for policy in policies
        for gate in policy.gates
        if gate.external is not None
    }


def metric_of(named: Prometheus | Webhook, secrets: SecretReader) -> OutsideMetric:
    """One of them. Only who asks another system loads the library that does."""
    from syncramp.external.asking import Address
    from syncramp.external.prometheus import PrometheusMetric
    from syncramp.external.webhook import WebhookMetric

    address = Address(named.url, secrets, named.token, named.ca)
    return PrometheusMetric(address, named.query) if isinstance(named, Prometheus) else WebhookMetric(address)
