"""The Kopf operator of Syncramp: it translates between Kubernetes and the engine, and decides nothing.

``python -m syncramp_operator`` is the operator. ``kopf run -m syncramp_operator`` starts it for whoever works on it,
without a leader's Lease: then Kopf is there already when this package is imported, and finds its handlers registered.
The process of a run imports parts of this package, too, and has no need of Kopf.
"""

import sys

if "kopf" in sys.modules:
    import kopf

    from syncramp_operator.alone import register

    register(kopf.get_default_registry())
