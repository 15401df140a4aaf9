"""In whose place somebody signs: what the document says, and the mandate that allows it."""
