"""When Chromium's own sandbox is on."""

import pytest

from agent.meet.sandboxing import AS_ROOT, NO_NAMESPACES, TURNED_OFF, Sandboxing, decide


@pytest.mark.parametrize(
    ("setting", "root", "refused", "expected"),
    [
        (None, False, False, Sandboxing(True)),
        (None, True, False, Sandboxing(False, AS_ROOT)),
        (None, True, True, Sandboxing(False, AS_ROOT)),
        (None, False, True, Sandboxing(False, NO_NAMESPACES)),
        (True, False, False, Sandboxing(True)),
        (True, False, True, Sandboxing(True)),
        (True, True, False, Sandboxing(True)),
        (False, False, False, Sandboxing(False, TURNED_OFF)),
        (False, True, True, Sandboxing(False, TURNED_OFF)),
    ],
)
def test_the_sandbox_is_on_where_the_system_allows_it(
    setting: bool | None, root: bool, refused: bool, expected: Sandboxing
) -> None:
    assert decide(setting, root=root, refused=refused) == expected
