"""The linter: own rules over to-be-signed bytes, and the pass without which nothing is signed."""
