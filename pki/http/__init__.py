"""CRL, OCSP, AIA and RFC 3161 time-stamps over HTTP."""
