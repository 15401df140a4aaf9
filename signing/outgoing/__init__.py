"""Documents that an office sends out: fields put in, the leader signs, the number, the seal."""
