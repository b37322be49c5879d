"""Client assertions (RFC 7523) as an application signs them, and as it should not."""

import time
from base64 import urlsafe_b64encode
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from syncramp.simulator.certificates import Pair

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def assertion(pair: Pair, client: str, endpoint: str, thumbprint_of: Pair | None = None, **changed: Any) -> str:
    """An assertion with claims changed, or with another certificate's name."""
    now = time.time()
    certificate = x509.load_pem_x509_certificate((thumbprint_of or pair).certificate)
    name = urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).decode().rstrip("=")
    claims = {"aud": endpoint, "iss": client, "sub": client, "jti": "1", "exp": now + 60, "nbf": now - 60}
    return jwt.encode(claims | changed, pair.key.decode(), "PS256", {"x5t#S256": name})
