"""Nouns: frozen values that rules and adapters share; the database's rows are in `tables`."""
