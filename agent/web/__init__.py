"""The HTTP surface. Talks to `lifecycle.commands` and `lifecycle.queries`, never to an adapter, the settings or the store."""
