"""What stands behind `antin audit`: the log's signer, trust in checkpoints, proofs in words."""
