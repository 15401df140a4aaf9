"""Tokens and HSMs: PKCS#11 keys as `cryptography` private keys."""
