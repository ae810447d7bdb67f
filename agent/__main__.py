"""`python -m agent` is `meetbot`."""

from agent.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
