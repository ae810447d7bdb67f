"""Meetbot: a self-hosted meeting agent for Google Meet."""
