"""Events on the command line."""
