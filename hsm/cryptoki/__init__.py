"""What touches PKCS#11 objects directly: errors mapped, key classes, attributes, token set-up."""
