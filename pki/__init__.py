"""The vocabulary of Antin (errors, clock, names, encoding) and the certificate authority."""
