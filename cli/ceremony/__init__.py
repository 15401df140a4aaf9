"""Key ceremonies on tokens: run, rehearsed, signed, checked."""
