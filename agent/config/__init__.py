"""What an operator can set: one model with every key, its default, unit and help, and the one place that reads it."""
