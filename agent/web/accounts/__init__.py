"""Accounts: people, their keys and webhooks, what they used."""

from agent.web.accounts import api_keys, auth, proofs, users, webhooks

ROUTERS = (
    auth.router,
    users.router,
    users.usage_router,
    api_keys.router,
    webhooks.router,
    proofs.router,
)
