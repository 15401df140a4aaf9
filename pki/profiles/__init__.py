"""The profiles that Antin brings, as TOML; read by `pki.profile`."""
