"""A push channel of a calendar."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Channel:
    """Google does not renew it: open the next one well before `ends_at`, then end this one."""

    id: str
    resource_id: str
    ends_at: datetime
