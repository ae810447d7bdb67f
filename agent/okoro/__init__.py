"""The okoro proxy: tokens, endpoints, the wire, and the harvest of what Meet recorded."""
