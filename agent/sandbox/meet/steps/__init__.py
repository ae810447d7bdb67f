"""What a teller can make happen: one class per step, its fields the step's JSON."""

from typing import Annotated

from pydantic import Field

from agent.sandbox.meet.steps import disturb, door, people, talk
from agent.sandbox.meet.steps.base import ImpossibleStepError, Outcome, Step

__all__ = ["AnyStep", "ImpossibleStepError", "Outcome", "Step"]

AnyStep = Annotated[
    door.Admit
    | door.Deny
    | door.NoResponse
    | door.Block
    | door.Vanish
    | door.Redirect
    | door.RemoveBot
    | door.SendBack
    | door.EndForAll
    | disturb.ShowDialog
    | disturb.Hang
    | disturb.Network
    | people.JoinPerson
    | people.LeavePerson
    | people.RenamePerson
    | people.Present
    | talk.Say
    | talk.SpeakCaption
    | talk.TrimCaptions
    | talk.SetChat
    | talk.SetCaptions,
    Field(discriminator="do"),
]
