"""The database: engine and sessions, migrations, and one file of named queries per aggregate. Nobody else writes SQL."""
