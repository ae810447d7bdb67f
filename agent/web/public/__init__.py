"""Pages and addresses that need no sign-in: what they open is proved by a signed link or a token."""
