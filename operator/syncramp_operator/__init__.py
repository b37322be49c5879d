"""The Kopf operator of Syncramp: it translates between Kubernetes and the engine, and decides nothing.

``kopf run -m syncramp_operator`` imports this package, which registers its handlers.
"""

import kopf

from syncramp_operator.handlers import register

register(kopf.get_default_registry())
