"""The report on a judged document as a PDF: to print, to file, to seal like any other paper."""
