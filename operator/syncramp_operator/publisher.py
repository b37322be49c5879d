"""For trials: what the simulator writes for its clients, as Secrets and ConfigMaps of the cluster.

``python -m syncramp_operator.publisher FOLDER`` stands beside a simulator in its Pod and looks at the folder
``secrets/`` that it writes: each folder in it is a Secret, but for the wire profile, which is a ConfigMap. A
simulator makes its certificates anew whenever it starts, and they are published anew then. The objects must be there,
though empty: the account may patch these few by their names and make none.
"""

import base64
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from syncramp.errors import SyncrampError
from syncramp_operator import logs
from syncramp_operator.api.cluster import Cluster, connected
from syncramp_operator.api.resources import CONFIG_MAPS, SECRETS

PUBLISHED = {"simulator-ca": SECRETS, "entra-sync": SECRETS, "simulator-wire": CONFIG_MAPS}
LOOK = 2.0
"""Seconds between two looks at the folder."""
_LOG = logging.getLogger("syncramp.publisher")


def publish(cluster: Cluster, namespace: str, folder: Path, published: dict[str, dict[str, str]]) -> None:
    """Patch what is not published as it is now.

    :param published: what was published already, by name; it is kept up.
    :raises ClusterUnavailable, ClusterRefused: an object is not there, or may not be patched.
    """
    for name, resource in PUBLISHED.items():
        data = {path.name: _text(path, resource is SECRETS) for path in sorted((folder / name).glob("*"))}
        if data and published.get(name) != data:
            cluster.patch(resource, namespace, name, {"data": data})
            published[name] = data
            _LOG.info("Published %s", name)


def _text(path: Path, encoded: bool) -> str:
    data = path.read_bytes()
    return base64.b64encode(data).decode() if encoded else data.decode()


def main(folder: str) -> int:
    """Publish until somebody asks this process to end."""
    logs.configure()
    ended, published = threading.Event(), dict[str, dict[str, str]]()

    def end(*_: Any) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    cluster, namespace = connected(), os.environ["SYNCRAMP_HOME"]
    while not ended.is_set():
        try:
            publish(cluster, namespace, Path(folder), published)
        except SyncrampError as error:
            _LOG.error("Nothing was published: %s", error)
        except OSError as error:  # a file that is being written anew
            _LOG.warning("Nothing was published: %s", error.strerror)
        ended.wait(LOOK)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
