import pytest

from agent.errors import Invalid
from agent.rules import passwords


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "1234567",
        "password",
        "PASSWORD",
        "iloveyou",
        "aaaaaaaaaaaaaaaa",
        "abababababab",
        "x" * 257,
    ],
)
def test_what_would_be_guessed_is_refused(password):
    with pytest.raises(Invalid):
        passwords.check(password)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "päßwörter sind lang",
        "会议会议记录记录密码",
        "x7$kQ!2p",
        " " * 3 + "long enough",
    ],
)
def test_long_ones_of_any_letters_are_taken(password):
    passwords.check(password)


@pytest.mark.parametrize("password", ["host.person@example.com", "Host.Person"])
def test_ones_own_address_is_no_password(password):
    with pytest.raises(Invalid):
        passwords.check(password, email="host.person@example.com")


def test_there_are_thousands_of_common_ones_each_long_enough_to_matter():
    assert len(passwords.common()) >= 3000
    assert min(map(len, passwords.common())) >= passwords.SHORTEST
