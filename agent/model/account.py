"""Who asks."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What a key may be limited to. `intake` and `ingest` are for machines: only keys that name them have them."""

    READ = "read"
    WRITE = "write"
    INTAKE = "intake"
    INGEST = "ingest"


EVERYDAY = frozenset({Scope.READ, Scope.WRITE})


@dataclass(frozen=True, slots=True)
class Principal:
    """The person (or key) behind a request. Operators see everybody's; `test` keys only reach the sandbox world.

    `sign_in_id` names the sign-in of an access token; `expires_at` is when a key ends, where it does.
    `requests_per_minute` and `requests_per_hour` come from the person's plan; None means the server's own.
    """

    user_id: int | None
    email: str = ""
    is_operator: bool = False
    scopes: tuple[str, ...] = ()
    key_id: int | None = None
    test: bool = False
    expires_at: datetime | None = None
    sign_in_id: str = ""
    requests_per_minute: int | None = None
    requests_per_hour: int | None = None

    @property
    def is_limited(self) -> bool:
        """Whether this key may do less, or works shorter, than its owner might by signing in."""
        return (
            self.test or self.expires_at is not None or not self.may(Scope.READ) or not self.may(Scope.WRITE)
        )

    def may_see(self, owner_id: int | None, owner_email: str = "") -> bool:
        """Whether something that belongs to `owner_id`, or was invited by `owner_email`, is theirs to see."""
        mine = owner_id is not None and owner_id == self.user_id
        return self.is_operator or mine or bool(self.email and self.email == owner_email)

    def may(self, scope: Scope) -> bool:
        """Whether the key allows this; one without scopes allows what people do every day."""
        return scope in (self.scopes or EVERYDAY)
