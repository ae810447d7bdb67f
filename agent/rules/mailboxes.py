"""Mail addresses that can be written to, judged by their form alone."""

import re

_ADDRESS = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII | re.IGNORECASE
)


def is_address(text: str) -> bool:
    """Whether this is a plain ASCII address, which no SMTP command or header takes for more than that."""
    return _ADDRESS.fullmatch(text) is not None


def written(email: str) -> str:
    """Return an address as it stands in a mail, its domain in ASCII; '' for one that no mail can be written to."""
    local, _, domain = email.rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return ""
    return address if is_address(address) else ""
