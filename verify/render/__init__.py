"""A report for people and programs: text, JSON, HTML."""
