"""Shows what there is at a glance: in the terminal, as JSON and CSV, and as a page."""
