"""Everything that `pki` refuses or cannot do, a module a subject; `tree` is its root."""
