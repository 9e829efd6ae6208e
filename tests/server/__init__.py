"""The door: passwords, TLS."""
