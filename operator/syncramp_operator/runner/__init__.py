"""The process of one run: ``python -m syncramp_operator.runner``. It has no need of Kopf."""
