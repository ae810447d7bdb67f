"""The desk at which every person's wish about a job arrives, whichever door it came by."""

import asyncio
import secrets
from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from agent.errors import Conflict, Invalid, Missing
from agent.lifecycle import outbox, plan
from agent.lifecycle.aftermath import asking
from agent.lifecycle.aftermath.harvest import SUMMARISE
from agent.lifecycle.house import House
from agent.lifecycle.invitations import shared_bot
from agent.lifecycle.people import billing
from agent.lifecycle.remote import verbs
from agent.lifecycle.transition import advance
from agent.model.account import Principal
from agent.model.call import Verb
from agent.model.states import AT_THE_MEETING, TERMINAL, EndReason, State
from agent.model.tables import Endpoint, Job
from agent.rules import keys, links
from agent.store import deliveries, jobs, ownership

FARTHEST_AHEAD = timedelta(days=400)
IN_A_CALL = frozenset({State.IN_CALL, State.RECORDING})
WORDS_OF_A_BUTTON = {True: "yes", False: "no"}  # what the ledger holds for an answer that nobody typed
STATUS_EVENTS = (
    "job.status_changed",
    "job.failed",
    "bot.recording_permission_response",
    "bot.competing_bot_detected",
)


def meeting_link(text: str, meet_url: str) -> links.Link:
    """Return the Google Meet meeting that a text names. Raises `Invalid`, saying which platform it is otherwise."""
    found = links.find(text, meet_url)
    for link in found:
        if link.platform == links.MEET and link.code:
            return link
    if found and found[0].platform != links.MEET:
        name = links.PLATFORM_NAMES[found[0].platform]
        raise Invalid(f"This is a {name} link; the bot joins Google Meet meetings only.")
    raise Invalid(f"This is not a Google Meet link. It should look like {meet_url}/abc-defg-hij")


def _key(by: Principal, external_id: str | None, once: str) -> str:
    """Name a meeting for ever, so that the same wish makes the same job."""
    if external_id:
        return f"external:{by.user_id}:{external_id}"
    if once:
        return f"once:{once}"
    return f"api:{secrets.token_hex(16)}"


class Commands:
    """What people can ask. Every method checks that the thing is theirs, and raises `Missing` otherwise."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def send_bot(
        self,
        by: Principal,
        *,
        meeting_url: str,
        join_at: datetime | None = None,
        title: str = "",
        external_id: str | None = None,
        options: dict[str, Any] | None = None,
        webhooks: dict[str, str] | None = None,
        annotations: dict[str, Any] | None = None,
        source: str = "api",
        dispatch: bool = True,
        once: str = "",
    ) -> tuple[Job, bool]:
        """Make a job for a meeting without an invitation, and say whether it is new.

        A `join_at` in the past means now. The same `external_id` of the same user is the same job, and so is the same
        `once` (a token of this very wish) where there is no external id.
        Raises `Invalid` for a link that is no Google Meet meeting, and for an instant too far ahead; `Denied` for a webhook
        that may not be called, and for a test key on a server that goes to real meetings.
        """
        keys.check_world(by.test, self.house.habits.meet_url)
        for url in (webhooks or {}).values():
            await self.house.hooks.check(url)

        def make() -> tuple[Job, bool]:
            link = meeting_link(meeting_url, self.house.habits.meet_url)
            with self.house.database.write() as session:
                key = _key(by, external_id, once)
                known = jobs.by_key(session, key)
                if known is not None:
                    return known, False
                now = self.house.now()
                starts_at = max(join_at or now, now)
                if starts_at - now > FARTHEST_AHEAD:
                    raise Invalid(f"joinAt is more than {FARTHEST_AHEAD.days} days ahead.")
                billing.check_meetings(session, self.house, by.user_id, now)
                wish = plan.Wish(
                    key=key,
                    meeting_url=link.url,
                    meeting_code=link.code,
                    title=title,
                    join_at=starts_at,
                    starts_at=starts_at,
                    ends_at=None,
                    inviter=by.email,
                    source=source,
                    user_id=by.user_id,
                    external_id=external_id,
                    options=options or {},
                    hooks=self._own_hooks(session, by, webhooks or {}, now),
                    annotations=annotations or {},
                )
                return plan.create(session, self.house, wish, dispatch=dispatch), True

        return await asyncio.to_thread(make)

    def _own_hooks(
        self, session: Session, by: Principal, webhooks: dict[str, str], now: datetime
    ) -> list[int]:
        """Register the addresses that came with a job; each gets a secret of its own."""
        events = {"onStatusChange": list(STATUS_EVENTS), "onFinalize": ["job.finalized"]}
        numbers = []
        for name, url in webhooks.items():
            endpoint = Endpoint(
                user_id=by.user_id,
                origin="job",
                url=url,
                secrets=[f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"],
                events=events[name],
                created_at=now,
            )
            session.add(endpoint)
            session.flush()
            numbers.append(endpoint.id or 0)
        return numbers

    async def cancel(self, by: Principal, public_id: str) -> Job:
        """Cancel a job; a bot that is at the meeting leaves. Raises `Conflict` when the job has ended.

        A bot that goes for other inviters too goes on for them; what is returned stands for the asker's own part.
        """

        def decide() -> tuple[Job, bool]:
            with self.house.database.write() as session:
                job = self._mine(session, by, public_id)
                if State(job.state) not in TERMINAL and (
                    apart := shared_bot.part(session, self.house, job, by)
                ):
                    return apart, True
                return job, plan.cancel(
                    session, self.house, job, EndReason.REQUESTED, f"by {by.email or 'a key'}"
                )

        job, done = await asyncio.to_thread(decide)
        if done:
            await self.house.engine.drop(plan.attend_key(job))
        else:
            await self._tell(job, Verb.LEAVE, by, text="cancel")
        return job

    async def leave(self, by: Principal, public_id: str) -> Job:
        """End the bot's stay; what was taken under consent is still made into notes."""
        job = await self._in_state(by, public_id, AT_THE_MEETING, "The bot is not at a meeting.")
        await self._tell(job, Verb.LEAVE, by)
        return job

    async def ask_again(self, by: Principal, public_id: str) -> Job:
        """Ask for consent again. Raises `Conflict` when the bot is in no call."""
        job = await self._in_state(
            by, public_id, IN_A_CALL, "The bot is not in a call, so nobody can be asked."
        )
        await self._tell(job, Verb.ASK_AGAIN, by)
        return job

    async def answer_consent(self, by: Principal, public_id: str, granted: bool, channel: str) -> Job:
        """Answer the question of consent from outside the chat."""
        job = await self._in_state(
            by, public_id, IN_A_CALL, "The bot is not in a call, so there is no question to answer."
        )
        words = WORDS_OF_A_BUTTON[granted]
        await self._tell(job, Verb.GRANT if granted else Verb.DECLINE, by, text=words, channel=channel)
        return job

    async def retry(self, by: Principal, public_id: str) -> Job:
        """Send the bot again after a failure. Raises `Conflict` unless the job failed."""

        def again() -> Job:
            with self.house.database.write() as session:
                job = self._mine(session, by, public_id)
                if job.state != State.FAILED:
                    raise Conflict(f"Only a failed job can be tried again; this one is {job.state}.")
                now = self.house.now()
                advance(session, self.house.engine, job, State.QUEUED, now, detail="asked to try again")
                job.revision, job.joins, job.join_at = job.revision + 1, 0, now
                session.add(job)
                plan.schedule(session, self.house, job)
                return job

        return await asyncio.to_thread(again)

    async def summarise_again(self, by: Principal, public_id: str) -> int:
        """Write another version of the summary and return its number."""

        def again() -> int:
            with self.house.database.write() as session:
                job = self._mine(session, by, public_id)
                if job.state != State.COMPLETED or not job.transcript_source:
                    raise Conflict("There is no finished transcript to summarise.")
                version = len(jobs.summaries(session, job.id or 0)) + 1
                key = f"summarise:{job.public_id}:{version}"
                self.house.engine.after(session, SUMMARISE, key, job.id or 0, version)
                return version

        return await asyncio.to_thread(again)

    async def ask(self, by: Principal, public_id: str, question: str) -> asking.Answered:
        """Answer a question about one meeting from what was said in it. Raises `Missing` without a transcript."""
        return await asking.ask(self.house, by, public_id, question)

    async def resend(self, by: Principal, delivery_id: str) -> str:
        """Send a delivery again, under the same id. Raises `Conflict` while it is still being tried."""

        def again() -> str:
            with self.house.database.write() as session:
                delivery = deliveries.get(session, delivery_id)
                if delivery is None or not by.may_see(delivery.user_id):
                    raise Missing("There is no such delivery.")
                if delivery.state == "due":
                    raise Conflict("The delivery is still being tried.")
                delivery.state, delivery.next_at, delivery.finished_at = "due", self.house.now(), None
                delivery.first_failed_at = None
                session.add(delivery)
                outbox.start(session, self.house.engine, delivery)
                return delivery.id

        return await asyncio.to_thread(again)

    async def _in_state(self, by: Principal, public_id: str, states: frozenset[State], otherwise: str) -> Job:
        def look() -> Job:
            with self.house.database.read() as session:
                return self._mine(session, by, public_id)

        job = await asyncio.to_thread(look)
        if State(job.state) not in states:
            raise Conflict(otherwise)
        return job

    async def _tell(
        self, job: Job, verb: Verb, by: Principal, *, text: str = "", channel: str = "api"
    ) -> None:
        uid = secrets.token_hex(8)
        who = by.email or "an API key"
        await verbs.tell(self.house, plan.attend_key(job), verb, uid, by=who, text=text, channel=channel)

    def _mine(self, session: Session, by: Principal, public_id: str) -> Job:
        job = jobs.by_public_id(session, public_id)
        if not ownership.sees(session, by, job):
            raise Missing("There is no such job.", full=f"{by.email} may not see job {public_id}")
        return job
