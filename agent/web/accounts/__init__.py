"""Accounts: people, their keys and webhooks, what they used; at /v1 and /api/v1."""

from agent.web.accounts import api_keys, auth, users, webhooks
from agent.web.wire import under_both_bases

router = under_both_bases(auth.router, users.router, users.usage_router, api_keys.router, webhooks.router)
