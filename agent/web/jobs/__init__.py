"""The jobs API: a bot in a meeting as a job, at /api/v1/jobs."""
