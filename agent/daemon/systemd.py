"""What systemd hands over, and what it is told. Without systemd all of it is quietly nothing."""

import os
import socket
from collections.abc import Mapping

FIRST_SOCKET = 3  # SD_LISTEN_FDS_START


class Systemd:
    """The service manager, as far as `environment` shows that there is one (see sd_notify(3), sd_listen_fds(3))."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def notify(self, *states: str) -> bool:
        """Send states such as READY=1, STOPPING=1, WATCHDOG=1 or STATUS=text; return whether anybody listens."""
        address = self._environment.get("NOTIFY_SOCKET", "")
        if not address:
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.connect(f"\0{address[1:]}" if address.startswith("@") else address)
            channel.sendall("\n".join(states).encode())
        return True

    def watchdog_seconds(self) -> float | None:
        """How often systemd wants to hear WATCHDOG=1; None when it does not."""
        if self._environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
            return None
        microseconds = int(self._environment.get("WATCHDOG_USEC", "0"))
        return microseconds / 1_000_000 or None

    def sockets(self, name: str) -> tuple[socket.socket, ...]:
        """Take over the listening sockets of that name (FileDescriptorName=). Call once for each name."""
        if self._environment.get("LISTEN_PID") != str(os.getpid()):
            return ()
        count = int(self._environment.get("LISTEN_FDS", "0"))
        names = self._environment.get("LISTEN_FDNAMES", "").split(":")
        numbers = [FIRST_SOCKET + place for place in range(count) if names[place : place + 1] == [name]]
        for number in numbers:
            os.set_inheritable(number, False)
        return tuple(socket.socket(fileno=number) for number in numbers)
