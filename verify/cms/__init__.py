"""CMS signatures and RFC 3161 tokens: read and verified, not judged."""
