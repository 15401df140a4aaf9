"""One module a command group; heavy imports stay inside the commands."""
