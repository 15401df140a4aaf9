"""Personal data that may not be erased now, or are erased."""

from __future__ import annotations

from pki.errors.tree import RefusedError


class PersonErasedError(RefusedError):
    """The personal data were erased; the entry stays as it is (facts: `person`)."""

    code = "pki.person_erased"


class PersonServesError(RefusedError):
    """A person who serves is not erased (facts: `person`)."""

    code = "pki.person_serves"


class PersonCertificatesError(RefusedError):
    """A certificate hangs on the person that is not erased (facts: `person`, `certificates`)."""

    code = "pki.person_certificates"


class PersonRequestsError(RefusedError):
    """A request for the person is open (facts: `person`, `request`)."""

    code = "pki.person_requests"


class PersonDevicesError(RefusedError):
    """The person has a device that was not given back (facts: `person`, `device`)."""

    code = "pki.person_devices"


class ForeignErasedError(RefusedError):
    """Another authority's certificate was erased before (facts: `fingerprint`, `erased_at`)."""

    code = "pki.foreign_erased"


class ForeignInForceError(RefusedError):
    """Another authority's certificate has not ended (facts: `fingerprint`, `until`)."""

    code = "pki.foreign_in_force"


class ForeignVouchingError(RefusedError):
    """A certificate of an authority or a service is never erased (facts: `fingerprint`)."""

    code = "pki.foreign_vouching"
