// Dialogs that lie over the page and block it, and pills that only tell.
import { button, el } from "./dom.js";
import { meeting } from "./meeting.js";
import { t } from "./texts.js";

const PILLS = ["recording_pill", "gemini_pill"];
const CONSENT = { detail: "consent_detail", buttons: [{ text: "join_now", does: "dialog_ok", mdc: "ok" }] };
const SHAPES = {
  recording: CONSENT,
  transcribing: CONSENT,
  gemini: CONSENT,
  got_it: { title: "others_see", buttons: [{ text: "got_it", does: "dialog_ok", mdc: "ok" }] },
  explicit: { buttons: [{ text: "decline", does: "dialog_decline" }, { text: "accept", does: "dialog_ok" }] },
  declined: { buttons: [{ text: "got_it", does: "dialog_ok" }] },
  still_there: {
    detail: "still_there_detail",
    buttons: [{ text: "leave_now", does: "leave" }, { text: "stay", does: "dialog_ok" }],
  },
  survey: { buttons: [{ label: "close_dialog", does: "dialog_ok" }] },
};

/** A modal over everything; what it returns is to be removed by whoever put it there. */
export function modal(label, ...children) {
  const box = { role: "dialog", "aria-modal": "true", "aria-label": label, class: "dialog" };
  return el("div", { class: "scrim" }, el("div", box, ...children));
}

/** Those the server wants on the screen, each kept as long as it does. */
export class Dialogs {
  constructor() {
    this.node = el("div");
    this.shown = new Map();
  }

  update(wanted) {
    const ids = wanted.map((dialog) => dialog.id);
    for (const [id, node] of this.shown) if (!ids.includes(id)) this.take(id, node);
    for (const dialog of wanted) if (!this.shown.has(dialog.id)) this.put(dialog);
  }

  put(dialog) {
    const node = PILLS.includes(dialog.kind) ? pill(dialog) : notice(dialog);
    this.shown.set(dialog.id, node);
    this.node.append(node);
  }

  take(id, node) {
    node.remove();
    this.shown.delete(id);
  }
}

function pill({ kind }) {
  return el("div", { class: "pill" }, el("span", {}, t(kind.replace("_pill", ""))));
}

function notice({ id, kind }) {
  const { title = kind, detail = null, buttons } = SHAPES[kind];
  const pressable = buttons.map((one) => pressButton(id, one));
  return modal(t(title), el("h2", {}, t(title)), detail && el("p", {}, t(detail)), ...pressable);
}

function pressButton(id, { text = null, label = null, does, mdc = null }) {
  return button({
    text: text && t(text),
    label: label && t(label),
    icon: label && "close",
    "data-mdc-dialog-action": mdc,
    onclick: () => meeting.send({ do: does, id }),
  });
}
