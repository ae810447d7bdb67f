"""Words found across meetings, by their owners only."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from agent.model.tables import Job, SummaryVersion, TranscriptEntry, User
from agent.store import jobs, search
from agent.store.database import Database
from agent.store.search import Owner
from tests.fresh_database import fresh_database
from tests.postgresql import INSTALLED, Cluster

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
needs_postgresql = pytest.mark.skipif(not INSTALLED, reason="PostgreSQL is not installed")
MINE = Owner(user_id=1, inviter="host@example.com")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgresql)])
def database(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    if request.param == "sqlite":
        database = fresh_database(tmp_path / "search.db")
    else:
        database = Database(request.getfixturevalue("cluster").url(tmp_path.name))
        database.migrate()
    with database.write() as session:
        session.add(User(email="host@example.com", created_at=AT))
    yield database
    database.close()


def meeting(database: Database, name: str, *lines: str, summary: str = "", **columns: object) -> int:
    facts: dict[str, object] = {"user_id": 1, "inviter": "host@example.com", "transcript_source": "meet"}
    with database.write() as session:
        job = Job(
            public_id=f"job_{name}",
            key=name,
            title=name,
            meeting_url="https://meet.google.com/abc-defg-hij",
            meeting_code="abc-defg-hij",
            join_at=AT,
            starts_at=AT,
            created_at=AT,
            updated_at=AT,
            **facts | columns,
        )
        session.add(job)
        session.flush()
        for n, line in enumerate(lines, 1):
            said = {
                "source": "meet",
                "ordinal": n,
                "speaker": "Host Person",
                "started_at": AT,
                "ended_at": AT,
            }
            session.add(TranscriptEntry(job_id=job.id, text=line, **said))
        if summary:
            session.add(SummaryVersion(job_id=job.id, version=1, created_at=AT, text=summary))
        return job.id or 0


def texts(database: Database, query: str, owner: Owner = MINE, **more: Any) -> list[str]:
    with database.read() as session:
        found, total = search.places(session, query, owner, offset=0, limit=10, **more)
        assert total == len(found)
        return [place.text for place in found]


def test_words_are_found_by_their_beginnings_in_transcripts_and_summaries(database: Database) -> None:
    meeting(database, "one", "The prices go up.", "Nothing else.", summary="Pricing was decided.")
    meeting(database, "two", "Lunch at noon.")
    assert set(texts(database, "pric")) == {"The prices go up.", "Pricing was decided."}
    assert texts(database, "prices nothing") == []


def test_case_does_not_matter_nor_do_accents_where_the_index_folds_them(database: Database) -> None:
    meeting(database, "one", "Der Kündigungsschutz gilt.", "Élodie agreed.")
    assert texts(database, "KÜNDIGUNGSSCHUTZ") == ["Der Kündigungsschutz gilt."]
    assert texts(database, "élodie") == ["Élodie agreed."]
    if database.embedded:
        assert texts(database, "KUNDIGUNGSSCHUTZ") == ["Der Kündigungsschutz gilt."]
        assert texts(database, "elodie") == ["Élodie agreed."]


def test_a_speaker_is_found_by_name(database: Database) -> None:
    meeting(database, "one", "The prices go up.")
    assert texts(database, "host prices") == ["The prices go up."]


def test_the_best_place_comes_first(database: Database) -> None:
    once = "We spoke of the budget, of lunch, of travel and of a great many other things besides."
    meeting(database, "one", once, "Budget, budget, budget.")
    assert texts(database, "budget") == ["Budget, budget, budget.", once]


def test_writing_without_spaces_is_found_in_its_middle(database: Database) -> None:
    meeting(database, "one", "来月の価格は十二ユーロです。")
    assert texts(database, "価格", dense=True) == ["来月の価格は十二ユーロです。"]


def test_other_peoples_meetings_and_deleted_ones_are_not_searched(database: Database) -> None:
    meeting(database, "theirs", "secret plan", user_id=2, inviter="other@example.com")
    meeting(database, "gone", "secret plan", deleted_at=AT)
    meeting(database, "mine", "secret plan")
    assert texts(database, "secret") == ["secret plan"]
    assert texts(database, "secret", Owner(inviter="nobody@example.com")) == []
    assert len(texts(database, "secret", Owner())) == 2


def test_one_meeting_can_be_searched_alone(database: Database) -> None:
    meeting(database, "one", "budget talk")
    two = meeting(database, "two", "budget decision")
    assert texts(database, "budget", job_id=two) == ["budget decision"]


def test_only_the_transcript_in_use_and_the_newest_summary_are_found(database: Database) -> None:
    number = meeting(database, "one", "budget talk", summary="Old budget.", transcript_source="captions")
    with database.write() as session:
        session.add(SummaryVersion(job_id=number, version=2, created_at=AT, text="New budget."))
    assert texts(database, "budget") == ["New budget."]


@pytest.mark.parametrize("query", ["", " ", '"', "* OR", "a:b", "NEAR(", "'; DROP TABLE said; --", "%", "_"])
def test_no_query_breaks_the_search(database: Database, query: str) -> None:
    meeting(database, "one", "budget talk")
    assert texts(database, query) == []


def test_pages_are_cut_and_counted(database: Database) -> None:
    meeting(database, "one", *(f"budget {n}" for n in range(7)))
    with database.read() as session:
        found, total = search.places(session, "budget", MINE, offset=5, limit=5)
    assert (len(found), total) == (2, 7)


def test_deleted_words_leave_the_index_and_the_file(database: Database) -> None:
    number = meeting(database, "one", "canary" + "x" * 20, summary="canary" + "x" * 20)
    with database.write() as session:
        jobs.forget_entries(session, number)
        session.execute(sa.delete(SummaryVersion))
    assert texts(database, "canary") == []
    if database.path is not None:
        database.checkpoint()
        assert b"canaryxx" not in database.path.read_bytes()


@needs_postgresql
def test_postgresql_finds_words_by_its_index(cluster: Cluster) -> None:
    database = Database(cluster.url("plan"))
    database.migrate()
    said = "to_tsvector('simple', transcriptentry.speaker || ' ' || transcriptentry.text)"
    question = f"EXPLAIN SELECT id FROM transcriptentry WHERE {said} @@ to_tsquery('simple', 'lin:*')"
    with database.read() as session:
        session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(session.execute(sa.text(question)).scalars())
    database.close()
    assert "Bitmap Index Scan" in plan
