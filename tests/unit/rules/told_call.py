"""A call told event by event, with a carrier that reports whether its lines were seen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from agent.model.call import (
    Admitted,
    Asked,
    ChatSaid,
    Command,
    Enter,
    Event,
    Person,
    RosterSeen,
    Said,
    Say,
    Tick,
    Verb,
)
from agent.rules.conduct import Policy, Standing, advance, begin, next_deadline

T0 = datetime(2030, 1, 1, 9, tzinfo=UTC)
ME = Person("d/1", "Meetbot", is_self=True)
HOST = Person("d/2", "Host Person", is_host=True)
GUEST = Person("d/3", "Guest Person")
LATE = Person("d/5", "Late Person")
RIVAL = Person("d/4", "Guest's Fireflies.ai Notetaker")
POLICY = Policy(
    bot_name="Meetbot",
    inviter_name="Host Person",
    inviter_email="host@example.com",
    starts_at=T0,
    ends_at=T0 + timedelta(hours=1),
)
C = TypeVar("C", bound=Command)


def policy(**changes: Any) -> Policy:
    return replace(POLICY, **changes)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


class Call:
    """Collects everything the machine asked for; `chat` says whether lines appear."""

    def __init__(self, rules: Policy = POLICY, *, chat: bool = True, **begin_with: Any) -> None:
        self.policy = rules
        self.chat = chat
        self.standing: Standing = begin(rules, T0, **begin_with)
        self.log: list[Command] = []
        self._lines = 0

    def feed(self, event: Event) -> list[Command]:
        """Take one event, and carry its commands out as the loop of a stay does."""
        self.standing, commands = advance(self.standing, event, self.policy)
        answered = list(commands)
        self.log += commands
        for command in commands:
            if isinstance(command, Say):
                answered += self.feed(Said(event.at, command.text, command.purpose, shown=self.chat))
        return answered

    def admitted(self, seconds: float = 0) -> list[Command]:
        return self.feed(Admitted(at(seconds)))

    def roster(self, seconds: float, *people: Person) -> list[Command]:
        return self.feed(RosterSeen(at(seconds), (ME, *people)))

    def unknown(self, seconds: float) -> list[Command]:
        return self.feed(RosterSeen(at(seconds), None))

    def chat_line(self, seconds: float, sender: str, text: str, **more: Any) -> list[Command]:
        self._lines += 1
        return self.feed(ChatSaid(at(seconds), str(self._lines), sender, text, **more))

    def verb(self, seconds: float, verb: Verb, uid: str = "", **more: Any) -> list[Command]:
        return self.feed(Asked(at(seconds), verb, uid or f"{verb}-{seconds}", **more))

    def tick(self, seconds: float) -> list[Command]:
        return self.feed(Tick(at(seconds)))

    def wake(self) -> float | None:
        """Seconds until which nothing happens by itself."""
        deadline = next_deadline(self.standing, self.policy)
        return None if deadline is None else (deadline - T0).total_seconds()

    @property
    def last(self) -> Command:
        return self.log[-1]

    def all(self, kind: type[C]) -> list[C]:
        return [command for command in self.log if isinstance(command, kind)]

    def outcomes(self) -> list[str]:
        return [entry.outcome for entry in self.all(Enter)]

    def purposes(self) -> list[str]:
        return [said.purpose for said in self.all(Say)]


def in_call(**changes: Any) -> Call:
    """A call with host and guest, the question asked and seen."""
    call = Call(policy(**changes))
    call.admitted()
    call.roster(1, HOST, GUEST)
    return call


def capturing(**changes: Any) -> Call:
    """The same, after the host's yes."""
    call = in_call(**changes)
    call.chat_line(2, "Host Person", "yes")
    assert call.standing.capturing
    return call


def kinds(commands: list[Command]) -> list[type[Command]]:
    return [type(command) for command in commands]
