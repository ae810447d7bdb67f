"""Stories told to a real daemon, in its own process, from outside: what `meetbot demo` plays and acceptance tests check."""
