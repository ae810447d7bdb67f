"""How invitations come in: mail over SMTP, read in a limited child process, and Google Calendar."""
