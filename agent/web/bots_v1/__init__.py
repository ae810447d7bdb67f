"""The bots API: a bot in a meeting, with its recordings, transcripts, summaries and shares."""

from agent.web.bots_v1 import bots, recordings, share, transcripts

ROUTERS = (
    bots.router,
    recordings.router,
    transcripts.router,
    transcripts.summaries_router,
    bots.events_router,
    share.router,
)
