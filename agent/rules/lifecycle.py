"""The state table of a job: which move is legal. `lifecycle.transition` is its only user that writes."""

from agent.errors import Conflict
from agent.model.states import State

TABLE: dict[State, frozenset[State]] = {
    State.SCHEDULED: frozenset({State.QUEUED, State.CANCELLED, State.FAILED}),
    # On to finalizing from outside the call: a bot that does not get back in after a crash makes notes of what it has.
    State.QUEUED: frozenset(
        {State.SCHEDULED, State.JOINING, State.FINALIZING, State.CANCELLED, State.FAILED}
    ),
    # Back to queued: another try at getting in, or a bot that starts again after a crash.
    State.JOINING: frozenset(
        {
            State.WAITING,
            State.IN_CALL,
            State.QUEUED,
            State.SCHEDULED,
            State.FINALIZING,
            State.CANCELLED,
            State.FAILED,
        }
    ),
    State.WAITING: frozenset(
        {
            State.IN_CALL,
            State.QUEUED,
            State.SCHEDULED,
            State.FINALIZING,
            State.CANCELLED,
            State.FAILED,
        }
    ),
    State.IN_CALL: frozenset(
        {State.RECORDING, State.FINALIZING, State.QUEUED, State.CANCELLED, State.FAILED}
    ),
    State.RECORDING: frozenset(
        {State.IN_CALL, State.FINALIZING, State.QUEUED, State.CANCELLED, State.FAILED}
    ),
    State.FINALIZING: frozenset({State.COMPLETED, State.CANCELLED, State.FAILED}),
    State.COMPLETED: frozenset(),
    State.FAILED: frozenset({State.QUEUED, State.SCHEDULED}),  # a person asks for another try
    State.CANCELLED: frozenset({State.SCHEDULED}),  # a newer invitation brings the meeting back
}


def check(current: State, target: State) -> None:
    """Raise `Conflict` unless a job may go from `current` to `target`."""
    if target not in TABLE[current]:
        raise Conflict(f"A job that is {current} cannot become {target}.")


def mermaid() -> str:
    """Render the table as a Mermaid state diagram, for ARCHITECTURE.md."""
    lines = ["stateDiagram-v2", "    [*] --> scheduled"]
    for source, targets in TABLE.items():
        ordered = sorted(targets, key=list(State).index)
        lines += [f"    {source} --> {target}" for target in ordered]
        if not targets:
            lines.append(f"    {source} --> [*]")
    return "\n".join(lines)
