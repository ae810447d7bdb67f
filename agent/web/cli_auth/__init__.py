"""Signing the command line in, after RFC 8628: the device's side, and the page on which a person lets it in."""
