"""Everything in this package that speaks asn1crypto."""

from __future__ import annotations

from asn1crypto import x509 as asn1_x509

from pki.errors import MalformedDERError


def second_reading(certificate_der: bytes) -> bytes:
    """Read a certificate with a second library and return its to-be-signed bytes.

    Raises:
        MalformedDERError: the second library does not read it to its last field.
    """
    try:
        certificate = asn1_x509.Certificate.load(certificate_der, strict=True)
        for extension in certificate["tbs_certificate"]["extensions"]:
            extension["extn_value"].parsed.native  # noqa: B018  asn1crypto reads lazily
        certificate.subject.native  # noqa: B018  as above
        tbs: bytes = certificate["tbs_certificate"].dump()
    except (ValueError, TypeError, KeyError) as error:
        raise MalformedDERError(what="certificate", reason=str(error)) from error
    return tbs
