"""The engine of Syncramp: from directories to the V2 endpoint of Microsoft Entra ID.

Data walks one way: ``source`` reads facts, ``store`` keeps them, ``rules`` make objects of them, ``plan`` compares
these with what the cloud is known to hold, ``endpoint`` carries the differences, ``cycle`` drives one run.
Nothing in this package knows Kubernetes.
"""

__version__ = "0.1.0"
