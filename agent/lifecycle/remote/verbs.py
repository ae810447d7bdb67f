"""Tells a running bot what a person asks of it, whether it runs in this house or at a worker elsewhere."""

import asyncio

from agent.lifecycle.house import House
from agent.model.call import Verb
from agent.store import loans


async def tell(
    house: House, key: str, verb: Verb, uid: str, *, by: str, text: str = "", channel: str = "api"
) -> None:
    """Hand a verb to the run that carries the plan `key`; durable, and told once per `uid`."""
    words = {"by": by, "text": text, "channel": channel}
    told = {"verb": verb.value, "uid": uid, **words}
    if not await asyncio.to_thread(_told_to_worker, house, key, told):
        await house.engine.tell(key, verb.value, uid, **words)


def _told_to_worker(house: House, key: str, told: dict[str, str]) -> bool:
    """Write the verb on the loan, from where its worker fetches it. False when the plan is not on loan."""
    with house.database.write() as session:
        loan = loans.by_key(session, key)
        if loan is None:
            return False
        if all(verb["uid"] != told["uid"] for verb in loan.verbs):
            loan.verbs = [*loan.verbs, told]
            session.add(loan)
        return True
