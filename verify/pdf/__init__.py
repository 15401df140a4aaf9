"""What of a PDF document a signature depends on: fields, ranges, revisions, evidence."""
