"""What is known of one calendar UID: the newest master, and the newest word on each single occurrence.

The whole is one value that is stored as it is. Messages merge into it in any order with the same result.
"""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from agent.model.invite import Component, Slot

Rank = tuple[int, datetime]
_NEVER = datetime.min.replace(tzinfo=UTC)


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Instance(_Value):
    """The newest word on one occurrence by itself.

    `version_*` rank it against masters: its own rank, or that of the master it came together with if that is higher.
    `adds` tells that it came by METHOD:ADD, which means nothing without a master.
    """

    slot: Slot
    version_sequence: int
    version_stamped_at: datetime
    adds: bool = False

    @property
    def rank(self) -> Rank:
        """SEQUENCE, then DTSTAMP, of the occurrence itself."""
        return self.slot.sequence, self.slot.stamped_at or _NEVER

    @property
    def version(self) -> Rank:
        """What it is compared by with a master."""
        return self.version_sequence, self.version_stamped_at


class Series(_Value):
    """One UID. `master` may be a cancellation of the whole; None when only single occurrences were ever named."""

    uid: str
    master: Component | None = None
    instances: tuple[Instance, ...] = ()

    @property
    def rank(self) -> Rank | None:
        """SEQUENCE, then DTSTAMP, of the master."""
        return master_rank(self.master) if self.master else None


def master_rank(component: Component) -> Rank:
    """Return what orders masters of one UID."""
    return component.sequence, component.stamped_at or _NEVER
