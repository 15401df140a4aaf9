"""Certificate paths: found within a budget, checked against RFC 5280."""
