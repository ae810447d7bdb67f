"""The search over what was said and noted: FTS5 on SQLite, text search indexes on PostgreSQL.

On SQLite the two virtual tables hold an index only; triggers keep it in step with the rows, and `secure-delete` lets no
deleted word stay in it.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQLITE = (
    "CREATE VIRTUAL TABLE said USING fts5(speaker, text, content='transcriptentry', content_rowid='id', "
    "tokenize='unicode61 remove_diacritics 2')",
    "INSERT INTO said(said, rank) VALUES ('secure-delete', 1)",
    """CREATE TRIGGER said_insert AFTER INSERT ON transcriptentry BEGIN
        INSERT INTO said(rowid, speaker, text) VALUES (new.id, new.speaker, new.text);
    END""",
    """CREATE TRIGGER said_delete AFTER DELETE ON transcriptentry BEGIN
        INSERT INTO said(said, rowid, speaker, text) VALUES ('delete', old.id, old.speaker, old.text);
    END""",
    """CREATE TRIGGER said_update AFTER UPDATE ON transcriptentry BEGIN
        INSERT INTO said(said, rowid, speaker, text) VALUES ('delete', old.id, old.speaker, old.text);
        INSERT INTO said(rowid, speaker, text) VALUES (new.id, new.speaker, new.text);
    END""",
    "CREATE VIRTUAL TABLE noted USING fts5(text, content='summaryversion', content_rowid='id', "
    "tokenize='unicode61 remove_diacritics 2')",
    "INSERT INTO noted(noted, rank) VALUES ('secure-delete', 1)",
    """CREATE TRIGGER noted_insert AFTER INSERT ON summaryversion BEGIN
        INSERT INTO noted(rowid, text) VALUES (new.id, new.text);
    END""",
    """CREATE TRIGGER noted_delete AFTER DELETE ON summaryversion BEGIN
        INSERT INTO noted(noted, rowid, text) VALUES ('delete', old.id, old.text);
    END""",
    """CREATE TRIGGER noted_update AFTER UPDATE ON summaryversion BEGIN
        INSERT INTO noted(noted, rowid, text) VALUES ('delete', old.id, old.text);
        INSERT INTO noted(rowid, text) VALUES (new.id, new.text);
    END""",
)
SQLITE_BACK = (
    *(
        f"DROP TRIGGER {index}_{event}"
        for index in ("said", "noted")
        for event in ("insert", "delete", "update")
    ),
    "DROP TABLE said",
    "DROP TABLE noted",
)
POSTGRESQL = (
    "CREATE INDEX said ON transcriptentry USING gin (to_tsvector('simple', speaker || ' ' || text))",
    "CREATE INDEX noted ON summaryversion USING gin (to_tsvector('simple', text))",
)
POSTGRESQL_BACK = ("DROP INDEX said", "DROP INDEX noted")


def upgrade() -> None:
    """Apply."""
    for statement in SQLITE if _is_sqlite() else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    """Take back."""
    for statement in SQLITE_BACK if _is_sqlite() else POSTGRESQL_BACK:
        op.execute(statement)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
