"""TLS for a test server: a certificate that is good, and others that are each wrong in one way, made by trustme."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from ._faults import Certificate

if TYPE_CHECKING:
    import trustme

_HOST = "127.0.0.1"


class Certificates:
    """Contexts for both sides. RuntimeError without the package trustme."""

    def __init__(self) -> None:
        try:
            import trustme
        except ImportError:
            raise RuntimeError(
                "certificates are made by trustme: pip install trustme, or pass tls=<SSLContext>"
            ) from None
        self._trustme = trustme
        self._authority = trustme.CA()
        self.server_context = cache(self._server_context)

    def client_context(self) -> ssl.SSLContext:
        """A context that trusts what the good certificate is signed with, and nothing else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._authority.configure_trust(context)
        return context

    def _server_context(self, certificate: Certificate) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._leaf(certificate).configure_cert(context)
        return context

    def _leaf(self, certificate: Certificate) -> trustme.LeafCert:
        match certificate:
            case "expired":
                yesterday = datetime.now(UTC) - timedelta(days=1)
                return self._authority.issue_cert(_HOST, not_after=yesterday)
            case "wrong_host":
                return self._authority.issue_cert("elsewhere.invalid")
            case "untrusted":
                return self._trustme.CA().issue_cert(_HOST)
            case "self_signed":
                lonely = self._trustme.CA()
                return self._trustme.LeafCert(lonely.private_key_pem.bytes(), lonely.cert_pem.bytes(), [])
            case "good":
                return self._authority.issue_cert(_HOST)
