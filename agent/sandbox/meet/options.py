"""The shapes one meeting can take, as data. Every default is what a bot meets most often."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Language = Literal["en", "de", "fr", "es", "pt", "ja"]
LANGUAGES: tuple[Language, ...] = ("en", "de", "fr", "es", "pt", "ja")

Access = Literal[
    "open",
    "ask",
    "blocked",
    "blocked_after_knock",
    "sign_in",
    "not_found",
    "expired",
    "full",
    "host_not_here",
]
JoinText = Literal["ask", "ask_anyway", "now", "call_now", "anyway", "here_too", "switch_here"]
LobbyText = Literal[
    "asking", "someone", "host_brings", "host_admits", "waiting_room", "host_lets_in", "host_join"
]
ChatMode = Literal["on", "continuous_off", "off", "no_button"]
CaptionsMode = Literal["on", "disabled"]
ConsentDialog = Literal["none", "recording", "transcribing", "gemini", "explicit"]


class HistoryLine(BaseModel):
    """A chat message that was there before the bot came."""

    model_config = ConfigDict(extra="forbid")
    name: str
    text: str


class DoorOptions(BaseModel):
    """What stands between opening the link and knocking."""

    access: Access = "ask"
    language: Language | None = Field(
        default=None, description="Forces the page's language, whatever hl says."
    )
    typographic_apostrophes: bool = Field(default=True, description="Writes can’t instead of can't.")
    name_field: Literal["present", "absent", "ghost"] = Field(
        default="present", description="absent: signed in; ghost: hidden copies stand before the real one."
    )
    account_name: str = Field(
        default="Signed-in Account", description="Who a visitor without a name field is."
    )
    device_controls: Literal["div", "button"] = "div"
    device_clicks_ignored: int = Field(
        default=0, ge=0, description="The first clicks on mic and camera do nothing."
    )
    join_text: JoinText | None = Field(default=None, description="By default it follows from access.")
    join_label: Literal["plain", "decorated", "absent"] = "plain"
    join_disabled_until_name: bool = True
    two_step_join: bool = False
    trusted_clicks: bool = Field(default=True, description="A join click made by script does nothing.")
    decoys: bool = Field(
        default=True, description="“Other ways to join” and a labelled menu before the join button."
    )
    media_dialog: Literal["none", "before", "after_knock"] = "none"
    got_it: Literal["none", "before", "in_call"] = "none"


class LobbyOptions(BaseModel):
    """What the waiting room looks like."""

    lobby_text: LobbyText = Field(default="asking", description="access host_not_here has its own.")
    lobby_leave_button: bool = True
    lobby_home_button: bool = False
    lobby_effects_panel: bool = Field(
        default=False, description="Carries data-participant-id before admission."
    )
    lobby_preview: bool = Field(default=True, description="A video element with the visitor's own picture.")
    stale_lobby_text: bool = Field(default=False, description="A denial leaves the waiting text on the page.")
    consent_dialog: ConsentDialog = Field(default="none", description="Meet's own question on admission.")


class CallOptions(BaseModel):
    """What the call looks like and how it behaves."""

    people_button: Literal["label", "count", "dialog_div", "show_everyone"] = "label"
    panel_role: Literal["aside", "dialog"] = "aside"
    avatar_count: bool = True
    merged_audio: Literal["expanded", "collapsed"] = "expanded"
    effects_row: bool = False
    roster_window: int = Field(
        default=0, ge=0, description="Rows of the list that exist at a time, the others by scrolling; 0: all."
    )
    tiles_vanish_when_presenting: bool = True
    toolbar_hides: bool = Field(default=False, description="Controls are invisible until the pointer moves.")
    chat: ChatMode = "on"
    composer: Literal["textarea", "contenteditable", "nested"] = "textarea"
    message_ids: bool = True
    own_messages: Literal["you", "name", "headless"] = "you"
    chat_limit: int = Field(default=500, ge=1, description="Characters; a longer message is not sent.")
    chat_drops: int = Field(
        default=0, ge=0, description="The first messages of each visitor are lost without a word."
    )
    history: list[HistoryLine] = []
    captions: CaptionsMode = "on"
    caption_nodes: Literal["fresh", "recycled"] = "fresh"
    caption_blocks: int = Field(default=4, ge=1, description="The oldest block goes when there are more.")


class MeetingOptions(DoorOptions, LobbyOptions, CallOptions):
    """Everything a meeting can be told to be."""

    model_config = ConfigDict(extra="forbid")


class HouseOptions(BaseModel):
    """How the house treats a code it does not know."""

    model_config = ConfigDict(extra="forbid")
    auto_create: bool = False
    defaults: MeetingOptions = MeetingOptions()
