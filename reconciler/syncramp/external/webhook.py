"""A webhook: a service is told of the ramp, and answers with a number, or that it does not know it yet."""

from dataclasses import asdict

from syncramp.external.answers import json_of, member, number_of
from syncramp.external.asking import Address
from syncramp.model.measures import Asked, Told

OK, NOT_KNOWN = 200, 204


class WebhookMetric:
    """The number that a service answers with.

    :param address: where the ramp is posted to.
    """

    def __init__(self, address: Address) -> None:
        self._address = address

    def ask(self, about: Asked) -> Told:
        """Post the ramp as JSON; the answer is ``{"value": number}``, or HTTP 204 while there is none."""
        reply = self._address.ask("POST", json=asdict(about))
        if isinstance(reply, Told):
            return reply
        host = self._address.host
        if reply.status == NOT_KNOWN:
            return Told(None, f"{host} does not know it yet")
        if reply.status != OK:
            return Told(None, f"{host} answered HTTP {reply.status}", failed=True)
        told = member(json_of(reply.body), "value")
        value = None if isinstance(told, str) else number_of(told)
        if value is None:
            return Told(None, f'{host} answered without a number: {{"value": 1.5}} is one', failed=True)
        return Told(value)
