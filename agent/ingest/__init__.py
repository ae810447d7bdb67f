"""Towards a server of our own, from a machine that has no database: claims and reports over HTTP."""
