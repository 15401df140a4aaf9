"""Forms as PDF: the pages of an administrative document, its table, and its fields."""
