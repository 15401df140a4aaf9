"""The register: every SQL table and statement of Antin. Implements `pki.records.Register`."""
