"""Everything that `signing` refuses or cannot do, a module a subject (see `pki.errors.tree`)."""
