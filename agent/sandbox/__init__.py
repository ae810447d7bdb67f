"""The fake world: everything Meetbot talks to, on one loopback port, and told by name when to misbehave."""
