"""The audit log: a Merkle tree over canonical entries, its signed heads, and what they prove."""
