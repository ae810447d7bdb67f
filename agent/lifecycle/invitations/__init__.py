"""Invitations on their way in: mails, calendars and the HTTP intake, one calendar of what is believed, and the answers."""
