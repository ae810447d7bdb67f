// In the call: tiles, the controls that exist only after admission, and one side panel at a time.
import { button, el, fill } from "./dom.js";
import { CaptionsOverlay } from "./captions.js";
import { ChatPanel } from "./chat.js";
import { deviceToggles } from "./devices.js";
import { leaveButton } from "./lobby.js";
import { log, meeting } from "./meeting.js";
import { peopleToggle, RosterPanel } from "./roster.js";
import { SettingsMenu } from "./settings.js";
import { t } from "./texts.js";

const TOOLBAR_STAYS_MS = 3000;

export class CallScreen {
  constructor() {
    this.chat = new ChatPanel();
    this.roster = new RosterPanel();
    this.captions = new CaptionsOverlay();
    this.menu = new SettingsMenu();
    this.open = null;
    this.tiles = el("main", { class: "tiles" });
    this.side = el("div");
    this.toolbar = this.makeToolbar();
    this.node = el("div", {}, this.tiles, this.captions.node, this.side, this.menu.node, this.toolbar);
    this.listeners = new AbortController();
    this.listen();
  }

  listen() {
    const { signal } = this.listeners;
    document.addEventListener("keydown", (event) => this.captions.key(event), { signal });
    if (!meeting.options.toolbar_hides) return;
    this.toolbar.classList.add("idle");
    document.addEventListener("mousemove", () => this.showToolbar(), { signal });
  }

  leave() {
    this.listeners.abort();
    clearTimeout(this.hiding);
  }

  showToolbar() {
    this.toolbar.classList.remove("idle");
    clearTimeout(this.hiding);
    this.hiding = setTimeout(() => this.toolbar.classList.add("idle"), TOOLBAR_STAYS_MS);
  }

  makeToolbar() {
    this.panelToggles = el("nav");
    const onclick = () => this.menu.toggle();
    const more = button({ label: t("more_options"), icon: "more_vert", jsname: "NakZHc", onclick });
    const share = button({ label: t("share_screen"), icon: "present_to_all" });
    return el(
      "div",
      { role: "region", "aria-label": t("call_controls"), class: "bottom" },
      el("div", {}, deviceToggles("button"), this.captions.toggle, share, more, leaveButton()),
      this.panelToggles,
    );
  }

  update(view) {
    this.showTiles(view);
    this.showPanelToggles(view);
    this.roster.update(view);
    this.chat.setMode(view.chat);
    this.captions.update(view.captions);
    if (view.chat === "no_button" && this.open === this.chat) this.toggle(this.chat, "chat");
  }

  /** The toggles are made again only when what they say changes, so that a click never meets a dead node. */
  showPanelToggles(view) {
    const count = view.people.filter((row) => row.kind !== "presentation").length;
    const shown = `${count} ${view.chat}`;
    if (this.shownToggles === shown) return;
    this.shownToggles = shown;
    fill(
      this.panelToggles,
      peopleToggle(count, () => this.toggle(this.roster, "people")),
      meeting.options.avatar_count ? el("div", { "data-avatar-count": count }, String(count)) : null,
      view.chat === "no_button" ? null : this.chatToggle(),
    );
  }

  chatToggle() {
    const onclick = () => this.toggle(this.chat, "chat");
    return button({ label: t("chat_open"), icon: "chat", "data-panel-id": "2", onclick });
  }

  /** The page closes the panel by itself, as some of its dialogs do. */
  closePanel() {
    if (this.open) this.toggle(this.open, this.open === this.chat ? "chat" : "people");
  }

  /** People and chat push each other out; a second click closes. */
  toggle(panel, name) {
    this.open = this.open === panel ? null : panel;
    log(`${name}_${this.open ? "open" : "close"}`);
    fill(this.side, this.open ? this.open.mount() : null);
  }

  showTiles(view) {
    const hidden = view.presenting !== null && meeting.options.tiles_vanish_when_presenting;
    const shown = hidden ? [] : view.people.filter((row) => row.kind !== "presentation");
    fill(
      this.tiles,
      view.people.length === 1 ? el("div", {}, t("alone")) : null,
      view.presenting === null ? null : el("div", {}, t("presenting", { name: view.presenting })),
      shown.map(tile),
    );
  }
}

function tile(row) {
  const name = row.kind === "raw_id" ? row.id : row.name;
  return el(
    "div",
    { class: "tile", "data-participant-id": row.id, "data-requested-participant-id": row.id },
    el("div", { "data-self-name": row.self ? row.name : null }, el("span", { class: "notranslate" }, name)),
  );
}
