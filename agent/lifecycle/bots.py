"""Bots: jobs as people see them who make them first and deploy them later. A bot's number is its job's."""

import asyncio
import secrets
from base64 import b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from agent.errors import Conflict, Invalid
from agent.lifecycle import plan
from agent.lifecycle.aftermath import bot_files
from agent.lifecycle.commands import FARTHEST_AHEAD, Commands, meeting_link
from agent.lifecycle.house import House
from agent.lifecycle.invitations import shared_bot
from agent.lifecycle.own_bots import OwnBots
from agent.lifecycle.people import billing
from agent.model.account import Principal
from agent.model.states import AT_THE_MEETING, TERMINAL, EndReason, State, Told
from agent.model.tables import Endpoint, Job, JobEvent
from agent.rules import bot_events, keys
from agent.rules.bot_events import BotStatus
from agent.store import bots, jobs, ownership, sharing

NOT_BEGUN = frozenset({State.SCHEDULED, State.QUEUED})


@dataclass(frozen=True, slots=True)
class BotWish:
    """A bot that somebody wants. Without `starts_at` it waits until it is deployed."""

    meeting_url: str
    title: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    callback_url: str | None = None
    external_id: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    annotations: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BotView:
    """A bot with what the API shows beside the job's own columns."""

    job: Job
    status: BotStatus
    heartbeat_at: datetime | None
    callback: Endpoint | None
    is_recorded: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be changed of a bot that has not begun; None leaves a thing as it is."""

    meeting_url: str | None = None
    title: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    callback_url: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


class Bots(OwnBots):
    """What people can do with bots. Every method raises `Missing` for one that is not theirs."""

    def __init__(self, house: House, commands: Commands) -> None:
        super().__init__(house)
        self.default_name = house.habits.bot_name
        self.commands = commands

    async def create(self, by: Principal, wish: BotWish) -> tuple[BotView, bool]:
        """Make a bot and say whether it is new; the same `external_id` of the same user is the same bot.

        Raises `Invalid` for a link that is no Google Meet meeting or a callback that cannot be called, `Denied` for a
        callback that may not be, and for a test key on a server that goes to real meetings.
        """
        keys.check_world(by.test, self.house.habits.meet_url)
        link = meeting_link(wish.meeting_url, self.house.habits.meet_url)
        if wish.callback_url:
            await self.house.hooks.check(wish.callback_url)

        def make(session: Session) -> tuple[BotView, bool]:
            external = f"external:{by.user_id}:{wish.external_id}"
            key = external if wish.external_id else f"bot:{secrets.token_hex(16)}"
            known = jobs.by_key(session, key)
            if known is not None and known.deleted_at is None:
                return self._view(session, known), False
            now = self.house.now()
            starts_at = plan_at(wish.starts_at, now)
            check_end(starts_at, wish.ends_at)
            billing.check_meetings(session, self.house, by.user_id, now)
            waits = wish.starts_at is None
            planned = plan.Wish(
                key=key,
                meeting_url=link.url,
                meeting_code=link.code,
                title=wish.title,
                join_at=starts_at,
                starts_at=starts_at,
                ends_at=wish.ends_at,
                inviter=by.email,
                source="api",
                user_id=by.user_id,
                external_id=wish.external_id,
                options=wish.options | ({"await_deploy": True} if waits else {}),
                hooks=self._callback(session, by, wish.callback_url),
                annotations=wish.annotations,
            )
            job = plan.create(session, self.house, planned, dispatch=not waits)
            return self._view(session, job), True

        return await self.write(make)

    async def get(self, by: Principal, bot_id: int) -> BotView:
        """Return one bot."""

        def look(session: Session) -> BotView:
            job, is_recorded = bots.get_with_recording(session, bot_id)
            return self._views(session, [self.seen(session, by, job)], {bot_id} if is_recorded else set())[0]

        return await self.read(look)

    async def page(
        self, by: Principal, statuses: Collection[BotStatus], *, offset: int, limit: int
    ) -> tuple[list[BotView], int]:
        """Return one page of the asker's bots, newest first, and how many there are."""

        def look(session: Session) -> tuple[list[BotView], int]:
            visible = ownership.visible(session, by)
            states = [pair for status in statuses for pair in bot_events.states_of(status)]
            found, total = bots.page(session, visible=visible, states=states, offset=offset, limit=limit)
            return self._of(session, found), total

        return await self.read(look)

    async def change(self, by: Principal, bot_id: int, change: Change) -> BotView:
        """Change a bot that has not begun. Raises `Conflict` otherwise."""
        link = meeting_link(change.meeting_url, self.house.habits.meet_url) if change.meeting_url else None
        if change.callback_url:
            await self.house.hooks.check(change.callback_url)

        def alter(session: Session) -> BotView:
            job = self.own(session, by, bot_id)
            if State(job.state) not in NOT_BEGUN or job.options.get("deployed"):
                raise Conflict("The bot was deployed already, so its plan cannot be changed.")
            changes: dict[str, Any] = {"options": job.options | change.options}
            if link is not None:
                changes |= {"meeting_url": link.url, "meeting_code": link.code}
            if change.title is not None:
                changes["title"] = change.title
            if change.ends_at is not None:
                changes["ends_at"] = change.ends_at
            if change.callback_url is not None:
                changes["hooks"] = self._without_callback(session, job) + self._callback(
                    session, by, change.callback_url
                )
            if change.starts_at is not None:
                at = plan_at(change.starts_at, self.house.now())
                changes |= {"join_at": at, "starts_at": at}
                changes["options"] = {**changes["options"], "await_deploy": False}
            check_end(changes.get("starts_at", job.starts_at), changes.get("ends_at", job.ends_at))
            self._alter(session, job, changes)
            return self._view(session, job)

        return await self.write(alter)

    def _alter(self, session: Session, job: Job, changes: dict[str, Any]) -> None:
        """Write a new plan down; one that waits for its deployment is not scheduled by it."""
        if not changes["options"].get("await_deploy"):
            plan.move(session, self.house, job, **changes)
            return
        for name, value in changes.items():
            setattr(job, name, value)
        job.updated_at = self.house.now()
        session.add(job)
        jobs.note(session, job, job.updated_at, Told.JOB_MOVED, {"changed": sorted(changes)})

    async def deploy(self, by: Principal, bot_id: int) -> BotView:
        """Send the bot now. Raises `Conflict` when it was deployed already."""

        def send(session: Session) -> BotView:
            job = self.mine(session, by, bot_id, lock=True)
            keys.check_world(by.test, self.house.habits.meet_url)
            if State(job.state) not in NOT_BEGUN or job.options.get("deployed"):
                raise Conflict("The bot was deployed already.")
            now = self.house.now()
            options = {**job.options, "await_deploy": False, "deployed": True}
            plan.move(session, self.house, job, join_at=now, starts_at=now, options=options)
            return self._view(session, job)

        return await self.write(send)

    async def kill(self, by: Principal, bot_id: int) -> BotView:
        """End the bot: it leaves the call, or never goes there. Raises `Conflict` when it has ended.

        A bot that goes for other inviters too goes on for them; what is returned stands for the asker's own part.
        """
        job = (await self.get(by, bot_id)).job
        if State(job.state) in TERMINAL | {State.FINALIZING}:
            raise Conflict("The bot has left its call already.")
        apart = await self.write(
            lambda session: shared_bot.part(
                session, self.house, self.mine(session, by, bot_id, lock=True), by
            )
        )
        if apart is not None:
            return await self.get(by, apart.id or 0)
        if State(job.state) in AT_THE_MEETING:
            await self.commands.leave(by, job.public_id)
        else:
            await self.commands.cancel(by, job.public_id)
        return await self.get(by, bot_id)

    async def delete(self, by: Principal, bot_id: int) -> None:
        """Delete a bot with its words, summaries, recordings and links. Raises `Conflict` while it is in a call.

        Where it goes for other inviters too, only the asker's own part is deleted.
        """

        def erase(session: Session) -> tuple[Job, list[str], bool]:
            job = self.mine(session, by, bot_id, lock=True)
            if apart := shared_bot.part(session, self.house, job, by):
                apart.deleted_at = self.house.now()
                return apart, [], False
            state = State(job.state)
            if state in AT_THE_MEETING or state is State.FINALIZING:
                raise Conflict("The bot is at work; kill it, and delete it when it is DONE.")
            waited = state in NOT_BEGUN
            if waited:
                plan.cancel(session, self.house, job, EndReason.REQUESTED, "deleted")
            now = self.house.now()
            jobs.forget_entries(session, bot_id)
            sharing.forget_summaries(session, bot_id)
            sharing.revoke(session, bot_id, now)
            job.deleted_at, job.transcript_source = now, ""
            if job.external_id:
                job.key = f"deleted:{job.public_id}"
            session.add(job)
            return job, bot_files.forget_rows(session, bot_id) + bot_files.evidence(self.house, job), waited

        job, paths, waited = await self.write(erase)
        await asyncio.to_thread(bot_files.unlink, self.house.habits.data_dir, paths)
        if waited:
            await self.house.engine.drop(plan.attend_key(job))

    async def heartbeat(self, by: Principal, bot_id: int) -> BotView:
        """Remember that the bot is alive, as told by whoever watches it. Raises `Conflict` when it has ended."""

        def beat(session: Session) -> BotView:
            job = self.mine(session, by, bot_id)
            if State(job.state) in TERMINAL:
                raise Conflict("The bot has ended.")
            job.heartbeat_at = self.house.now()
            session.add(job)
            return self._view(session, job)

        return await self.write(beat)

    async def lines(
        self, by: Principal, bot_id: int, *, offset: int, limit: int
    ) -> tuple[Sequence[JobEvent], int]:
        """Return one page of a bot's timeline, oldest first: its events and its log are read from it."""

        def look(session: Session) -> tuple[Sequence[JobEvent], int]:
            self.mine(session, by, bot_id)
            return bots.lines(session, bot_id, offset=offset, limit=limit)

        return await self.read(look)

    async def all_lines(
        self, by: Principal, *, bot_id: int | None, since: datetime | None, offset: int, limit: int
    ) -> tuple[Sequence[JobEvent], int]:
        """Return one page of the timelines of all of the asker's bots, newest first."""

        def look(session: Session) -> tuple[Sequence[JobEvent], int]:
            visible = ownership.visible(session, by)
            return bots.all_lines(
                session, visible=visible, bot_id=bot_id, since=since, offset=offset, limit=limit
            )

        return await self.read(look)

    def _view(self, session: Session, job: Job) -> BotView:
        return self._of(session, [job])[0]

    def _of(self, session: Session, found: Sequence[Job]) -> list[BotView]:
        return self._views(session, found, bots.with_recording(session, [job.id or 0 for job in found]))

    def _views(self, session: Session, found: Sequence[Job], recorded: Collection[int]) -> list[BotView]:
        numbers = [job.id or 0 for job in found]
        open_pages = bots.pages_open(session, found)
        callbacks = bots.callbacks(session, found)
        at_work = [job.id or 0 for job in found if State(job.state) not in TERMINAL | NOT_BEGUN]
        heard = bots.last_line_at(session, at_work)
        return [
            BotView(
                job=job,
                status=bot_events.status(State(job.state), page_open=number in open_pages),
                heartbeat_at=max(
                    filter(None, (job.heartbeat_at, heard.get(number, job.left_at))), default=None
                ),
                callback=callbacks.get(number),
                is_recorded=number in recorded,
            )
            for job, number in zip(found, numbers, strict=True)
        ]

    def _callback(self, session: Session, by: Principal, url: str | None) -> list[int]:
        """Register the address that comes with a bot, with a secret of its own; an empty one registers nothing."""
        if not url:
            return []
        endpoint = Endpoint(
            user_id=by.user_id,
            origin="job",
            url=url,
            secrets=[f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"],
            family="bots",
            created_at=self.house.now(),
        )
        session.add(endpoint)
        session.flush()
        return [endpoint.id or 0]

    def _without_callback(self, session: Session, job: Job) -> list[int]:
        known = bots.callbacks(session, [job]).get(job.id or 0)
        return [number for number in job.hooks if known is None or number != known.id]


def plan_at(wanted: datetime | None, now: datetime) -> datetime:
    """Return when a bot goes: a past instant, or none, is now. Raises `Invalid` for one too far ahead."""
    at = max(wanted or now, now)
    if at - now > FARTHEST_AHEAD:
        raise Invalid(f"startTime is more than {FARTHEST_AHEAD.days} days ahead.")
    return at


def check_end(starts_at: datetime, ends_at: datetime | None) -> None:
    """Raise `Invalid` for a meeting that would be over before it begins."""
    if ends_at is not None and ends_at <= starts_at:
        raise Invalid("endTime must lie after startTime, and after now.")
