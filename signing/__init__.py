"""PAdES signatures with pyHanko over any `cryptography` private key."""
