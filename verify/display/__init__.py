"""What signatures show on the page, read within bounds and graded by the display rules."""
