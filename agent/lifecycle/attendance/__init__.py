"""A bot's time at one meeting: the way in, the stay, what is written down of it, and consent."""
