"""Sections about what the bot does at a meeting."""

from typing import Literal

from pydantic import Field

from agent.config.values import BaseUrl, Count, FilePath, Pattern, Seconds, Section


class MeetSection(Section):
    """The way into a meeting."""

    url: BaseUrl = Field("https://meet.google.com", description="What stands before /abc-defg-hij in a link.")
    profile_dir: FilePath | None = Field(
        None,
        description="Browser profile signed in to the bot's Google account (see meetbot google-login). "
        "Unset means joining as a guest.",
    )
    # Half a minute covers a cold browser start and the page's own loading, so that the knock falls on the hour,
    # and leaves nearly all of the lobby's time to a host who is late.
    join_early_seconds: Seconds = Field(30.0, description="How long before the start the bot sets out.")
    lobby_seconds: Seconds = Field(
        540.0,
        description="How long one knock may stay unanswered; Meet itself drops it after 600. "
        "The smaller of this and auto_leave.lobby_seconds counts.",
    )
    nudge_seconds: Seconds = Field(
        120.0,
        description="In the lobby for so long, the inviter is asked by mail to let the bot in. 0: never.",
    )
    join_attempts: Count = Field(3, description="Tries to get in when the failure is one that may pass.")


class BrowserSection(Section):
    """Chromium."""

    executable: FilePath | None = Field(
        None, description="Path of the browser. Unset means the first one installed, else Playwright's own."
    )
    headless: bool = Field(True, description="Run without a display.")
    bots_per_browser: Count = Field(8, description="Bots that share one browser and its crashes.")
    max_bots: int = Field(
        20,
        ge=0,
        description="Bots at work at the same time on this machine; further ones wait for a place, here or at a worker "
        "(meetbot worker). 0: none here, workers have them all.",
    )
    worker_silence_seconds: Seconds = Field(
        60.0,
        ge=3,
        description="A worker that is not heard of for so long has lost its bots, and others go in their place.",
    )
    busy_percent: float = Field(
        90.0,
        ge=0,
        le=100,
        description="With the processors this busy no further bot is taken in; those due wait. 0 turns this off.",
    )
    # Long enough that twenty bots due in the same minute, who keep the processors full while they start, get in.
    busy_seconds: Seconds = Field(10.0, description="How long the processors must be that busy.")
    sandbox: bool | None = Field(
        None,
        description="Chromium's own sandbox. Unset means on where the system allows it: not for root, whom Chromium "
        "refuses it, nor without user namespaces. true refuses to join without it.",
    )


class ConsentSection(Section):
    """Nothing is captured without it."""

    policy: Literal["ask", "announce"] = Field(
        "ask",
        description="ask: capture begins at a yes. announce: capture begins at once, anyone's stop ends it.",
    )
    answer_seconds: Seconds = Field(120.0, description="How long to wait for the answer.")
    on_no_answer: Literal["leave", "stay_silent"] = Field(
        "leave", description="What to do without an answer; stay_silent stays and captures nothing."
    )
    who: Literal["host", "anyone"] = Field("host", description="Whose yes counts. A no counts from anyone.")


class RivalsSection(Section):
    """Other note-takers in the meeting."""

    policy: Literal["leave", "ask", "announce", "ignore"] = Field(
        "leave", description="What to do when one is there together with people."
    )
    grace_seconds: Seconds = Field(10.0, description="How long one must be there before the policy applies.")
    extra_patterns: tuple[Pattern, ...] = Field(
        (), description="Further display names: regular expressions, matched without regard to case."
    )
    allow: tuple[str, ...] = Field(
        (), description="Vendors or display names that are never counted as rivals."
    )


class AutoLeaveSection(Section):
    """When the bot leaves by itself. Timers start anew whenever a person comes."""

    lobby_seconds: Seconds = Field(540.0, description="In the lobby without an answer.")
    nobody_seconds: Seconds = Field(900.0, description="In the call, and no person has come yet.")
    alone_seconds: Seconds = Field(60.0, description="Everybody has left.")
    bots_only_seconds: Seconds = Field(60.0, description="Only bots are left.")
    bots_only_after_seconds: Seconds = Field(
        300.0, description="Counted from the later of start and joining: before this, only bots is no reason."
    )
    silence_seconds: Seconds = Field(
        900.0, description="Captions run, and nobody has said a word. 0 turns this off."
    )
    silence_after_seconds: Seconds = Field(1200.0, description="Before this, silence is no reason.")
    max_overrun_minutes: Seconds = Field(
        60.0, description="Minutes past the scheduled end. 0 turns this off."
    )
    max_seconds: Seconds = Field(14400.0, description="Longest stay in one call. 0 turns this off.")


class CaptionsSection(Section):
    """Meet's live captions, taken only after consent."""

    enabled: bool = Field(
        True, description="Take captions, so that there is a transcript when Meet makes none."
    )
    language: str = Field(
        "", description="Spoken language to select, as in en-US. Empty leaves the page's choice."
    )


class RecordingSection(Section):
    """Sound or picture of the call, taken only after consent."""

    mode: Literal["off", "audio", "video"] = Field("off", description="What to record.")
