"""Binary XML of WCF, [MC-NBFX] and [MC-NBFS], for the content type ``application/soap+msbin1``. No sockets."""

from syncramp.endpoint.nbfx.errors import NbfxError, WireError
from syncramp.endpoint.nbfx.node import Node
from syncramp.endpoint.nbfx.reader import decode

__all__ = ["NbfxError", "Node", "WireError", "decode"]
