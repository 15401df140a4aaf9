"""What stands behind `antin token`: tokens, the keys and certificates on them, and their PINs."""
