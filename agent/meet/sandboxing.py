"""Whether Chromium runs inside its own sandbox, and what to say where it does not. Pure."""

from dataclasses import dataclass

WITHOUT = "the browser runs without its own sandbox"
TURNED_OFF = f"{WITHOUT}, as [browser] sandbox = false asks"
AS_ROOT = f"{WITHOUT}, which it refuses to root: run the service as an ordinary user"
NO_NAMESPACES = (
    f"{WITHOUT}, because this system gives it no user, pid and net namespaces: allow them "
    "(user.max_user_namespaces, AppArmor, RestrictNamespaces of the unit), "
    "or set [browser] sandbox = true to have no meeting joined without"
)


@dataclass(frozen=True, slots=True)
class Sandboxing:
    """`warning` is what the operator should know; '' where the sandbox is on."""

    on: bool
    warning: str = ""


def decide(setting: bool | None, *, root: bool, refused: bool) -> Sandboxing:
    """`setting` None leaves it to the system; `refused` tells that Chromium found no way to build its sandbox here.

    Who sets it to true insists: a refusal is an error then, never a reason to go on without.
    """
    if setting is not None:
        return Sandboxing(setting, "" if setting else TURNED_OFF)
    if root:
        return Sandboxing(False, AS_ROOT)
    return Sandboxing(False, NO_NAMESPACES) if refused else Sandboxing(True)
