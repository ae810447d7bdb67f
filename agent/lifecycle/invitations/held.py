"""The desk at which operators decide about held invitations, by command, or by the link in their mail."""

import asyncio
from collections.abc import Sequence

from agent.errors import Conflict, Missing
from agent.lifecycle.house import House
from agent.lifecycle.invitations import gate
from agent.lifecycle.invitations.handed_in import TAKE
from agent.lifecycle.invitations.intake import READ
from agent.lifecycle.invitations.mail_intake import STORED
from agent.lifecycle.invitations.polling import LOOK, POLL
from agent.lifecycle.people import signing_key
from agent.model.tables import Hold
from agent.rules import signed_links
from agent.store import held, mails

NO_HOLD = "There is no such held invitation."


class HeldInvitations:
    """What waits for a word, and the word."""

    def __init__(self, house: House) -> None:
        self.house = house

    def listed(self, *, waiting_only: bool = True) -> Sequence[Hold]:
        """Return what is held, newest first."""
        with self.house.database.read() as session:
            return held.listed(session, waiting_only=waiting_only)

    def look(self, hold_id: int) -> Hold:
        """Return one. Raises `Missing`."""
        with self.house.database.read() as session:
            hold = held.get(session, hold_id)
        if hold is None:
            raise Missing(NO_HOLD)
        return hold

    def check_link(self, hold_id: int, expires_at: int, signature: str) -> None:
        """Raise `Denied` unless a link lets its bearer decide about this invitation, and does so still."""
        key = signing_key.load(self.house.habits.data_dir, self.house.habits.signing_secret)
        signed_links.check(key, gate.link_subject(hold_id), expires_at, signature, self.house.now())

    async def decide(self, hold_id: int, *, approve: bool, by: str) -> Sequence[Hold]:
        """Approve or refuse an invitation, and with it all that waits of the same sender about the same event.

        Returns what was decided. Raises `Missing`, and `Conflict` when somebody has decided already.
        """
        return await asyncio.to_thread(self.decide_now, hold_id, approve=approve, by=by)

    def decide_now(self, hold_id: int, *, approve: bool, by: str) -> Sequence[Hold]:
        """Do what `decide` does, in this thread."""
        with self.house.database.write() as session:
            hold = held.get(session, hold_id, lock=True)
            if hold is None:
                raise Missing(NO_HOLD)
            if hold.state != "waiting":
                raise Conflict(f"This invitation was {hold.state} already, by {hold.decided_by}.")
            waiting = [one for one in held.about(session, hold.uid, hold.sender) if one.state == "waiting"]
            for one in waiting:
                one.state = "approved" if approve else "refused"
                one.decided_at, one.decided_by = self.house.now(), by
                session.add(one)
            # Read again in the order they came: judged anew, each now finds the operator's word.
            for one in reversed(waiting):
                mail = mails.get(session, one.mail_id) if one.mail_id else None
                if one.body:
                    self.house.engine.after(session, TAKE, f"{TAKE}:{one.id}", one.id or 0)
                elif mail is None:
                    self.house.engine.after(session, POLL, f"poll:decided:{one.id}", LOOK)
                else:
                    mail.verdict = STORED
                    session.add(mail)
                    key = f"read:{mail.id}:decided:{one.id}"
                    self.house.engine.after(session, READ, key, mail.id or 0)
            return waiting
