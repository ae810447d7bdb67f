"""Calls about oneself: who one is, keys, signing a device in, and the host for operators."""

from collections.abc import Sequence

from agent.client.calls import Call, Listing, given, once, path
from agent.client.types import (
    Analytics,
    Begun,
    HostShown,
    KeyCreated,
    KeyList,
    KeyUsage,
    RequestAnswer,
    SignedIn,
    UsageAnswer,
    UserAnswer,
)


def whoami() -> Call[UserAnswer]:
    """Read whose key it is."""
    return Call("GET", "/v1/users/me")


def rename(name: str) -> Call[UserAnswer]:
    """Change one's name."""
    return Call("PATCH", "/v1/users/me", body={"name": name})


def change_password(current: str, fresh: str) -> Call[None]:
    """Change one's password; every other sign-in ends."""
    body = {"currentPassword": current, "newPassword": fresh}
    return Call("POST", "/v1/users/me/password", body=body)


def usage(*, days: int | None = None) -> Call[UsageAnswer]:
    """Read what one used, day by day; without `days` since the month began."""
    return Call("GET", "/v1/users/me/usage", query=given(days=days))


def analytics(*, days: int | None = None) -> Call[Analytics]:
    """Read how one's meetings went."""
    return Call("GET", "/v1/users/me/analytics", query=given(days=days))


def requests(*, key_id: int | None = None, status_from: int | None = None) -> Listing[RequestAnswer]:
    """List one's requests, newest first; of one key, or with this status and above."""
    return Listing("/v1/users/me/api-logs", "logs", given(keyId=key_id, statusFrom=status_from))


def key_usage(key_id: int, *, days: int | None = None) -> Call[KeyUsage]:
    """Read how much a key was used."""
    return Call("GET", path("/v1/api-keys/{}/usage", key_id), query=given(days=days))


def keys() -> Call[KeyList]:
    """List keys, without their texts."""
    return Call("GET", "/v1/api-keys")


def create_key(name: str, *, scopes: Sequence[str] = ()) -> Call[KeyCreated]:
    """Make a key; the answer shows its text once."""
    return once(Call("POST", "/v1/api-keys", body=given(name=name, scopes=list(scopes) or None)))


def revoke_key(key_id: int) -> Call[None]:
    """Revoke a key at once."""
    return Call("DELETE", path("/v1/api-keys/{}", key_id))


def begin_login(client_name: str) -> Call[Begun]:
    """Begin to sign a device in."""
    return Call("POST", "/api/v1/cli-auth/init", body={"clientName": client_name})


def poll_login(nonce: str) -> Call[SignedIn]:
    """Ask whether the device was let in."""
    return Call("POST", path("/api/v1/cli-auth/poll/{}", nonce))


def host() -> Call[HostShown]:
    """Read how the host stands; operators only."""
    return Call("GET", "/api/v1/admin/host")
