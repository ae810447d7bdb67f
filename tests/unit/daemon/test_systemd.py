import fcntl
import os
import socket
import subprocess
import sys

import pytest

from agent.daemon.systemd import Systemd


@pytest.fixture
def listener():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(5)
        yield listening


def test_states_reach_the_socket_systemd_named(listener, tmp_path):
    listener.bind(str(tmp_path / "notify"))
    systemd = Systemd({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    assert systemd.notify("READY=1", "STATUS=open")
    assert listener.recv(100) == b"READY=1\nSTATUS=open"


def test_an_abstract_socket_works_too(listener):
    name = f"meetbot-test-{os.getpid()}"
    listener.bind(f"\0{name}")
    assert Systemd({"NOTIFY_SOCKET": f"@{name}"}).notify("STOPPING=1")
    assert listener.recv(100) == b"STOPPING=1"


def test_without_systemd_nobody_is_told_and_nothing_is_handed_over():
    systemd = Systemd({})
    assert not systemd.notify("READY=1")
    assert systemd.watchdog_seconds() is None
    assert systemd.sockets("smtp") == ()


def test_the_watchdog_of_another_process_is_not_ours():
    own, other = str(os.getpid()), str(os.getpid() + 1)
    assert Systemd({"WATCHDOG_USEC": "2500000", "WATCHDOG_PID": own}).watchdog_seconds() == 2.5
    assert Systemd({"WATCHDOG_USEC": "2500000"}).watchdog_seconds() == 2.5
    assert Systemd({"WATCHDOG_USEC": "2500000", "WATCHDOG_PID": other}).watchdog_seconds() is None


CHILD = """
import os
from agent.daemon.systemd import Systemd
systemd = Systemd(dict(os.environ) | {"LISTEN_PID": str(os.getpid())})
(smtp,) = systemd.sockets("smtp")
print(smtp.getsockname()[1], len(systemd.sockets("other")), os.get_inheritable(smtp.fileno()))
"""


def test_sockets_are_found_by_their_name():
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:

        def hand_over() -> None:
            apart = [fcntl.fcntl(handed.fileno(), fcntl.F_DUPFD, 100) for handed in (first, second)]
            for place, number in enumerate(apart):
                os.dup2(number, 3 + place)

        child = subprocess.run(
            [sys.executable, "-c", CHILD],
            env=os.environ | {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "http:smtp"},
            preexec_fn=hand_over,
            close_fds=False,
            capture_output=True,
            text=True,
            check=True,
        )
        assert child.stdout.split() == [str(second.getsockname()[1]), "0", "False"]


def test_sockets_meant_for_another_process_are_left_alone():
    assert Systemd({"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "smtp"}).sockets("smtp") == ()
