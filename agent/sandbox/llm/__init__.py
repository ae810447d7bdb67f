"""An OpenAI-compatible model server, sensible until told otherwise."""

from agent.sandbox.llm.server import MODEL, LanguageModel

__all__ = ["MODEL", "LanguageModel"]
