"""What a visible signature looks like (data, TOML) and where on the page it stands."""
