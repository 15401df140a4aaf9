"""CRLs and OCSP responses: read and verified, not judged."""
