"""What administrators do: authorities, certificates, tokens, lists, the public services."""
