"""The bots API: a bot in a meeting, with its recordings, transcripts, summaries and shares, at /v1 and /api/v1."""

from fastapi import APIRouter

from agent.web.bots_v1 import bots, recordings, share, transcripts
from agent.web.wire import under_both_bases

router = APIRouter()
router.include_router(
    under_both_bases(
        bots.router, recordings.router, transcripts.router, transcripts.summaries_router, bots.events_router
    )
)
router.include_router(share.public_router)
