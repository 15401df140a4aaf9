"""Every SQL table and statement of Antin: the register behind `pki.records.register`."""
