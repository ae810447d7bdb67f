"""Calls about oneself: who one is, keys, signing a device in, and the host for operators."""

from collections.abc import Sequence

from agent.client.calls import Call, given, once, path
from agent.client.types import Begun, HostShown, KeyCreated, KeyList, SignedIn, UserAnswer


def whoami() -> Call[UserAnswer]:
    """Read whose key it is."""
    return Call("GET", "/v1/users/me")


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
