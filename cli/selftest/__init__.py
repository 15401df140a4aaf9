"""The 25 invariants of an authority: what they are, trials of each, and a look at a register."""
