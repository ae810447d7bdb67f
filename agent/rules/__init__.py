"""Verbs that only decide: values and `now` in, values out. No clock, no network, no database."""
