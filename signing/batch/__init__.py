"""Many documents signed in one go, with a journal of what was given out."""
