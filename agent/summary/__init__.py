"""Transcripts in, summaries out: by a language model over HTTP, or by the embedded extractive engine."""
