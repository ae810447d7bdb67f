// Dialogs that lie over the page and block it, and pills that only tell.
import { button, el } from "./dom.js";
import { meeting } from "./meeting.js";
import { t } from "./texts.js";

const PILLS = ["recording_pill", "gemini_pill"];
const OK_TEXTS = { got_it: "got_it" };

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
  const text = t(kind === "got_it" ? "others_see" : kind);
  const ok = button({
    text: t(OK_TEXTS[kind] ?? "join_now"),
    "data-mdc-dialog-action": "ok",
    onclick: () => meeting.send({ do: "dialog_ok", id }),
  });
  return modal(text, el("h2", {}, text), kind === "got_it" ? null : el("p", {}, t("consent_detail")), ok);
}
