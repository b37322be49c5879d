"""Options of all tests; pytest takes them from the topmost conftest only."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cluster", action="store_true", help="run tests/e2e against the cluster of the kubeconfig")
