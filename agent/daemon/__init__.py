"""The process: starts the parts in order, rings the bells, tells systemd and the log the truth, stops in reverse."""
