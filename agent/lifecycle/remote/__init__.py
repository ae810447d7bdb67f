"""Bots that run where the database is not: jobs on loan to workers, what their bots report, and the worker itself."""
