// The chat panel: its messages exist only while it is open, its composer has three shapes.
import { el, fill, panel } from "./dom.js";
import { Composer } from "./composer.js";
import { meeting } from "./meeting.js";
import { clock, t } from "./texts.js";

export class ChatPanel {
  constructor() {
    this.lines = [];
    this.mode = null;
    this.list = null;
    this.composer = new Composer();
    this.foot = el("div");
    this.body = el("div");
    const title = el("h2", {}, t("messages"));
    this.node = panel(meeting.options.panel_role, t("side_panel"), title, this.body, this.foot);
  }

  mount() {
    this.list = el("div", { role: "list", "aria-label": t("messages"), "aria-live": "polite" });
    this.lastGroup = null;
    this.lines.forEach((line) => this.show(line));
    fill(this.body, this.list);
    return this.node;
  }

  add(lines) {
    const known = new Set(this.lines.map((line) => line.id));
    const fresh = lines.filter((line) => !known.has(line.id));
    this.lines.push(...fresh);
    if (this.node.isConnected) fresh.forEach((line) => this.show(line));
  }

  setMode(mode) {
    if (mode === this.mode) return;
    this.mode = mode;
    const closed = mode === "off" || mode === "no_button";
    fill(
      this.foot,
      mode === "continuous_off" ? el("p", {}, t("chat_continuous_off")) : null,
      closed ? el("p", {}, t("chat_off")) : this.composer.node,
    );
  }

  /** Messages of one sender in a row share one header. */
  show(line) {
    const who = line.own ? "own" : line.name;
    if (this.lastGroup?.who !== who) {
      const bubbles = el("div");
      this.list.append(el("div", { role: "listitem" }, header(line), bubbles));
      this.lastGroup = { who, bubbles };
    }
    this.lastGroup.bubbles.append(bubble(line));
  }
}

function header(line) {
  const style = meeting.options.own_messages;
  if (line.own && style === "headless") return null;
  const sender = line.own && style === "you" ? t("you_sender") : line.name;
  return el("div", {}, el("div", {}, sender), el("div", {}, clock(line.at)));
}

function bubble(line) {
  const id = meeting.options.message_ids ? line.id : null;
  return el("div", { "data-message-id": id }, el("div", { "data-message-text": id && line.text }, line.text));
}
