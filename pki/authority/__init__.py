"""Issuing authority: request, profile, lint, sign, revoke. Knows no table (see `pki.records`)."""
