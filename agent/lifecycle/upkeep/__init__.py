"""What keeps the house in order: the last net, forgetting in time, the machine's own figures."""
