"""What the authority records, a module a subject; `register` is the seam to what keeps it."""
