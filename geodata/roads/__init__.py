"""Road networks: read from files or by place name, costed per vehicle, reported, exported."""
