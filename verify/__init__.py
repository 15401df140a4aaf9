"""Verdicts on signed PDF documents in the words of ETSI EN 319 102-1."""
