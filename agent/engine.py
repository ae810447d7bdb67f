"""The durable engine: runs named jobs once per key, now or later, and outlives the process. DBOS lives here only.

A job is an async function of plain ids. It is started by `after` inside the caller's transaction, so that it exists
exactly if that transaction committed. A job may be killed and run again at any point, so each is written to be
repeatable. One that raises is run again under `<key>~<n>`, later each time; one that hears verbs, within the same run.
Truth never stands in the engine alone.
"""

import asyncio
import os
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer
from dbos._queue import queue_worker_thread
from sqlmodel import Session

from agent.errors import Temporary
from agent.ports import Inbox
from agent.store import workers
from agent.store.database import Database

APPLICATION = "meetbot"
APPLICATION_VERSION = "meetbot-1"  # pinned: an upgrade finishes what was under way
VERBS = "verbs"
# What this process enqueues is seen at once; the rest are others' jobs, and those that were delayed.
POLL_SECONDS = 2.0
SELDOM_POLL_SECONDS = 10.0
VERB_POLL_SECONDS = 0.5
UNUSED_POLL_SECONDS = 60.0  # the engine's own queue, which carries nothing of ours
AFTERWARDS_SECONDS = 0.2  # the engine's own record of a job's end, for which a full queue waits
TIDY_SECONDS = 12.0  # leaving a call by its button, and writing down the last words
ALIVE = ["ENQUEUED", "DELAYED", "PENDING"]
WAIT_FOR_VERB_SECONDS = 86_400.0
RETRY_DELAYS_SECONDS = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0)
# A job that hears keeps its place meanwhile, and somebody may wait for it.
RESTART_DELAYS_SECONDS = (1.0, 5.0, 15.0, 30.0, 60.0, 60.0, 60.0)
FORGET_AT_ONCE = 1000
AWAY_SECONDS = 2.0  # between two tries at a database that cannot be written to
FENCED_EXIT_STATUS = 75  # EX_TEMPFAIL: the supervisor starts the process anew

Job = Callable[..., Awaitable[None]]
log = structlog.get_logger("engine")


class Lookout(threading.Event):
    """What the thread of a queue waits on between two looks: set, it ends the thread; hurried, it cuts one wait short.

    DBOS itself only polls: seldom, and jobs start late; often, and the machine is never idle.
    """

    def __init__(self) -> None:
        super().__init__()
        self._hurried = threading.Event()

    def hurry(self) -> None:
        """Have the next look now; one that is under way is followed by another."""
        self._hurried.set()

    def set(self) -> None:
        """End the waiting for good."""
        super().set()
        self._hurried.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end or a hurry; return whether it is the end."""
        if not self.is_set():
            self._hurried.wait(timeout)
            self._hurried.clear()
        return self.is_set()


class Engine:
    """Five verbs for the rest of the program: `start`, `stop`, `after`, `drop`, `tell`; jobs are named by `handles`.

    `queues` maps a queue's name to how many of its jobs this process runs at once. `worker_ttl_seconds` after its last
    beat a worker counts as dead and its jobs go to the living. Jobs of the `seldom` queues are hardly ever others' or
    delayed, so that these are looked at less often.
    """

    def __init__(
        self,
        database: Database,
        *,
        queues: dict[str, int],
        seldom: Collection[str] = (),
        worker_ttl_seconds: float = 15.0,
        beat_seconds: float = 3.0,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self.database = database
        self.queues = queues
        self.seldom = seldom
        self.worker_ttl_seconds = worker_ttl_seconds
        self.beat_seconds = beat_seconds
        self.poll_seconds = poll_seconds
        self.worker_id = f"{os.uname().nodename}-{os.getpid()}-{uuid4().hex[:6]}"
        self._jobs: dict[str, tuple[Job, str, bool]] = {}
        self._seen: dict[str, tuple[int, float]] = {}
        self._beats: asyncio.Task[None] | None = None
        self._running: dict[asyncio.Future[None], str] = {}  # by queue
        self._lookouts = {queue: Lookout() for queue in queues}
        self._lookers: list[threading.Thread] = []
        self._stopping = False
        self._client = DBOSClient(
            system_database_engine=database.jobs_engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            lazy=True,
        )

    def handles(self, name: str, job: Job, *, queue: str, hears: bool = False) -> None:
        """Name a job before `start`. One that `hears` gets an inbox of verbs as its first argument."""
        self._jobs[name] = (job, queue, hears)

    def after(
        self, session: Session, name: str, key: str, *arguments: str | int, at: datetime | None = None
    ) -> None:
        """Run job `name` once per `key`, at `at` or now, exactly if the caller's transaction commits."""
        queue = self._jobs[name][1]
        options: dict[str, Any] = {
            "workflow_name": name,
            "queue_name": queue,
            "workflow_id": key,
        }
        if at is not None:
            delay = (at - datetime.now(UTC)).total_seconds()
            if delay > 0:
                options["delay_seconds"] = delay
        self._client.enqueue_in_transaction(session, options, *arguments)  # type: ignore[arg-type]
        if "delay_seconds" not in options:
            sa.event.listen(session, "after_commit", lambda _: self._lookouts[queue].hurry(), once=True)

    async def drop(self, key: str) -> None:
        """Forget a waiting job. One that runs goes on: it is ended by a verb."""
        await asyncio.to_thread(self._drop_if_waiting, key)

    async def tell(self, key: str, verb: str, uid: str, **words: str) -> None:
        """Hand a verb to the job that runs, or will run, under `key`; durable, and told once per `uid`."""
        message = {"verb": verb, "uid": uid, **words}
        await self._client.send_async(key, message, topic=VERBS, idempotency_key=uid)

    async def start(self) -> None:
        """Begin to run jobs. Whatever a dead process left under way starts again."""
        await asyncio.to_thread(self._sign_on)
        dbos = DBOS(config=self._config())
        DBOS.listen_queues([])  # the looking is ours
        dbos._registry.get_internal_queue()._polling_interval_sec = UNUSED_POLL_SECONDS
        for name, (job, _, hears) in self._jobs.items():
            DBOS.workflow(name=name, max_recovery_attempts=1000)(
                self._listening(name, job) if hears else self._guarded(name, job)
            )
        DBOS.launch()
        for name, size in self.queues.items():
            often = max(self.poll_seconds, SELDOM_POLL_SECONDS) if name in self.seldom else self.poll_seconds
            queue = await DBOS.register_queue_async(name, worker_concurrency=size, polling_interval_sec=often)
            looker = threading.Thread(
                target=queue_worker_thread,
                args=(self._lookouts[name], dbos, queue),
                name=f"engine.{name}",
                daemon=True,
            )
            looker.start()
            self._lookers.append(looker)
        await asyncio.to_thread(self._take_over, 0.0 if self.database.embedded else self.worker_ttl_seconds)
        for lookout in self._lookouts.values():
            lookout.hurry()
        if not self.database.embedded:  # one process owns the file: nobody could take its jobs over
            self._beats = asyncio.create_task(self._beat(), name="engine.beat")

    async def stop(self) -> None:
        """Run nothing more. What runs is cancelled, tidies up, and starts again with the next process."""
        self._stopping = True
        if self._beats:
            self._beats.cancel()
        for lookout in self._lookouts.values():
            lookout.set()
        # DBOS has a loop of its own for when this one stands still, and ends what runs there.
        running = [task for task in self._running if task.get_loop() is asyncio.get_running_loop()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=TIDY_SECONDS)
        for looker in self._lookers:
            await asyncio.to_thread(looker.join, TIDY_SECONDS)
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        # DBOS had made its own thread pool the loop's default, and has just closed it.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="meetbot"))
        self._client.destroy()
        await asyncio.to_thread(self._sign_off)

    def alive(self, prefix: str) -> bool:
        """Whether any job whose key begins with `prefix` waits or runs."""
        found = DBOS.list_workflows(
            workflow_id_prefix=prefix, status=ALIVE, load_input=False, load_output=False, limit=1
        )
        return bool(found)

    def forget_finished(self, before: datetime) -> int:
        """Delete the engine's own records of jobs finished before an instant; return how many."""
        gone = 0
        while finished := DBOS.list_workflows(
            completed_before=before.isoformat(), load_input=False, load_output=False, limit=FORGET_AT_ONCE
        ):
            DBOS.delete_workflows([workflow.workflow_id for workflow in finished])
            gone += len(finished)
        return gone

    def _config(self) -> DBOSConfig:
        return {
            "name": APPLICATION,
            "system_database_engine": self.database.jobs_engine,
            "executor_id": self.worker_id,
            "application_version": APPLICATION_VERSION,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": min(self.poll_seconds, VERB_POLL_SECONDS),
        }

    def _begin(self, name: str, job: Job, *arguments: Any) -> asyncio.Future[None]:
        """Start a job as a task that `stop` can cancel. Cancelled, it stays under way for the engine: it starts again."""
        if self._stopping:
            raise asyncio.CancelledError
        task = asyncio.ensure_future(job(*arguments))
        self._running[task] = self._jobs[name][1]
        task.add_done_callback(self._make_room)
        return task

    def _make_room(self, ended: asyncio.Future[None]) -> None:
        """Let a queue that was full look for what waited for this end."""
        queue = self._running[ended]
        full = list(self._running.values()).count(queue) >= self.queues[queue]
        del self._running[ended]
        if full and not self._stopping:
            asyncio.get_running_loop().call_later(AFTERWARDS_SECONDS, self._lookouts[queue].hurry)

    def _guarded(self, name: str, job: Job) -> Job:
        """Wrap a job so that a raised error becomes a later run under the next key."""

        async def run(*arguments: str | int) -> None:
            await self._begin(name, partial(self._or_later, name, job), *arguments)

        run.__qualname__ = run.__name__ = name
        return run

    async def _or_later(self, name: str, job: Job, *arguments: str | int) -> None:
        try:
            await job(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever a phase raises, its work must not be lost
            await self._put_off(partial(self._again, name, DBOS.workflow_id or "", arguments, error))

    async def _put_off(self, again: Callable[[], None]) -> None:
        """Plan the next run, as soon as the database takes it: that it was away may be why this one failed."""
        while True:
            try:
                await asyncio.to_thread(again)
            except Temporary as error:
                log.warning("engine.waits", action="engine.retry", error=error.full)
                await asyncio.sleep(AWAY_SECONDS)
            else:
                return

    def _again(self, name: str, key: str, arguments: tuple[str | int, ...], error: Exception) -> None:
        base, _, count = key.partition("~")
        tries = int(count or 0)
        if tries >= len(RETRY_DELAYS_SECONDS):
            log.error("job.given_up", action="engine.give_up", job=name, key=key, exc_info=error)
            return
        wait = error.retry_after_seconds if isinstance(error, Temporary) else None
        at = datetime.now(UTC) + timedelta(seconds=wait or RETRY_DELAYS_SECONDS[tries])
        log.warning(
            "job.failed", action="engine.retry", job=name, key=key, again_at=at.isoformat(), exc_info=error
        )
        with self.database.write() as session:
            self.after(session, name, f"{base}~{tries + 1}", *arguments, at=at)

    def _listening(self, name: str, job: Job) -> Job:
        """Wrap a long job: what is told to its key arrives in its inbox, also what was told before a crash."""

        async def run(*arguments: str | int) -> None:
            inbox: Inbox = asyncio.Queue()
            hearing = asyncio.ensure_future(self._hear(inbox))
            try:
                await self._begin(name, partial(self._to_the_end, name, job), inbox, *arguments)
            finally:
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)

        run.__qualname__ = run.__name__ = "listening"
        return run

    async def _hear(self, inbox: Inbox) -> None:
        """Put what is told into the inbox, for ever. Only what is received is recorded, so a restart hears it all again."""
        while True:
            try:
                message = await DBOS.recv_async(VERBS, timeout_seconds=WAIT_FOR_VERB_SECONDS)
            except Exception as error:  # a bot that hears nobody could not be told to leave
                log.error("engine.deaf", action="engine.hear", key=DBOS.workflow_id, exc_info=error)
                await asyncio.sleep(AWAY_SECONDS)
            else:
                if message:
                    inbox.put_nowait(message)

    async def _to_the_end(self, name: str, job: Job, *arguments: Any) -> None:
        """Run a job that hears. One that fails begins anew in the same run: it is to this key that verbs are told."""
        for wait_seconds in RESTART_DELAYS_SECONDS:
            try:
                await job(*arguments)
            except Exception as error:  # whatever a phase raises, its work must not be lost
                log.warning(
                    "job.failed", action="engine.restart", job=name, key=DBOS.workflow_id, exc_info=error
                )
                await asyncio.sleep(wait_seconds)
            else:
                return
        await job(*arguments)

    def _drop_if_waiting(self, key: str) -> None:
        found = DBOS.list_workflows(workflow_ids=[key], load_input=False, load_output=False)
        if found and found[0].status in {"ENQUEUED", "DELAYED"}:
            DBOS.cancel_workflow(key)

    def _sign_on(self) -> None:
        with self.database.write() as session:
            workers.sign_on(session, self.worker_id, datetime.now(UTC))

    def _sign_off(self) -> None:
        with self.database.write() as session:
            workers.sign_off(session, self.worker_id)

    async def _beat(self) -> None:
        """Prove to be alive; end the process when that cannot be proved, before another takes the jobs over."""
        last = time.monotonic()
        while True:
            await asyncio.sleep(self.beat_seconds)
            left = last + self.worker_ttl_seconds * 0.8 - time.monotonic()
            try:
                alive = await asyncio.wait_for(
                    asyncio.to_thread(self._take_over, self.worker_ttl_seconds), max(left, 0.1)
                )
            except (Temporary, TimeoutError, sa.exc.SQLAlchemyError) as error:
                log.warning("engine.beat_missed", action="engine.beat", error=str(error))
                alive = time.monotonic() - last < self.worker_ttl_seconds * 0.8 - self.beat_seconds
            else:
                last = time.monotonic()
            if not alive:
                log.error("engine.fenced", action="engine.fence", worker=self.worker_id)
                os._exit(FENCED_EXIT_STATUS)

    def _take_over(self, ttl_seconds: float) -> bool:
        """Beat, strike out the dead, and give their jobs to the living. False when this worker itself was struck out."""
        now = time.monotonic()
        with self.database.write() as session:
            if not workers.beat(session, self.worker_id):
                return False
            self._strike_out_silent(session, ttl_seconds, now)
            if not self.database.embedded and not workers.may_share_out(session):
                return True
            live = workers.living(session)
        lost = defaultdict(list)
        for workflow in DBOS.list_workflows(status="PENDING", load_input=False, load_output=False):
            if workflow.executor_id not in live:
                lost[workflow.queue_name].append(workflow.workflow_id)
        for queue, keys in lost.items():
            log.info("engine.taken_over", action="engine.take_over", queue=queue, jobs=len(keys))
            DBOS.resume_workflows(keys, queue_name=queue)
        return True

    def _strike_out_silent(self, session: Session, ttl_seconds: float, now: float) -> None:
        for worker in workers.others(session, self.worker_id):
            beat, since = self._seen.get(worker.id, (-1, now))
            if beat != worker.beat and ttl_seconds:
                self._seen[worker.id] = (worker.beat, now)
            elif now - since >= ttl_seconds:
                workers.strike_out(session, worker)
