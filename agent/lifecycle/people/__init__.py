"""Who asks: accounts, sessions, keys, devices, plans, and what each of them used."""
