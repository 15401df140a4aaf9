"""django-ca at work, in an environment of its own: issues or revokes whenever its parent says so.

Usage: django_ca_child.py FOLDER CSR…   Reads `issue` or `revoke` a line; answers `done` and how
many certificates are issued, or revoked, by then. Settings are django-ca's own but for where things
lie: SQLite, no time-stamp log, no lint, a P-256 key in a file, read once.
"""

# ruff: noqa: PLC0415  django-ca can be imported only after django was configured
# ruff: noqa: TID251  Antin's clock is not in this environment
from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

urlpatterns: list[object] = []
"""Of the addresses that stand in certificates; filled once django-ca can be imported."""


def configure(folder: Path) -> None:
    import django
    from django.conf import settings

    files = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": folder},
    }
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "ca.sqlite"}
    settings.configure(
        SECRET_KEY="bench",  # noqa: S106  of nothing
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django_ca"],
        DATABASES={"default": database},
        STORAGES={"default": files, "django-ca": files, "staticfiles": files},
        USE_TZ=True,
        ROOT_URLCONF=__name__,
        CA_DEFAULT_HOSTNAME="pki.example.vn",
    )
    django.setup()
    from django.urls import include, path

    urlpatterns.append(path("ca/", include("django_ca.urls")))


def jobs(requests: list[str]) -> dict[str, Callable[[], int]]:
    from cryptography import x509
    from cryptography.x509.oid import NameOID
    from django.core.management import call_command
    from django_ca.key_backends import key_backends
    from django_ca.key_backends.storages.models import (
        StoragesCreatePrivateKeyOptions,
        StoragesUsePrivateKeyOptions,
    )
    from django_ca.models import Certificate, CertificateAuthority

    def name(common_name: str) -> x509.Name:
        parts = (
            (NameOID.COUNTRY_NAME, "VN"),
            (NameOID.ORGANIZATION_NAME, "Ủy ban nhân dân xã Mẫu"),
            (NameOID.COMMON_NAME, common_name),
        )
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])

    call_command("migrate", verbosity=0)
    making = StoragesCreatePrivateKeyOptions(
        key_type="EC", password=None, path=Path("keys"), elliptic_curve="secp256r1"
    )
    authority = CertificateAuthority.objects.init(
        "bench",
        key_backends["default"],
        making,
        subject=name("issuing"),
        not_after=datetime.now(UTC).replace(microsecond=0) + timedelta(days=3650),
        key_type="EC",
    )
    key = StoragesUsePrivateKeyOptions(password=None)

    def issue() -> int:
        for number, path in enumerate(requests):
            request = x509.load_pem_x509_csr(Path(path).read_bytes())
            subject = name(f"Official {number}")
            Certificate.objects.create_cert(authority, key, request, subject=subject)
        return Certificate.objects.count()

    def revoke() -> int:
        for certificate in Certificate.objects.filter(revoked=False):
            certificate.revoke()
        return Certificate.objects.filter(revoked=True).count()

    return {"issue": issue, "revoke": revoke}


def main() -> None:
    configure(Path(sys.argv[1]))
    known = jobs(sys.argv[2:])
    print("ready", flush=True)
    for line in sys.stdin:
        print("done", known[line.strip()](), flush=True)


if __name__ == "__main__":
    main()
