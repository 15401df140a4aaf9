"""The `antin` command: the composition root."""
