"""Verdicts for document systems over HTTP: documents in, reports out, nothing kept unless asked."""
