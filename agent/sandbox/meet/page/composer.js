// Where messages are typed. What was not typed, or not announced by an input event, is not there.
import { button, el } from "./dom.js";
import { meeting } from "./meeting.js";
import { t } from "./texts.js";

export class Composer {
  constructor() {
    this.text = "";
    this.field = this.makeField();
    this.warning = el("div", { role: "alert" });
    const nested = meeting.options.composer === "nested";
    const wrapper = el("div", nested ? labels() : {}, this.field);
    const send = button({ label: t("chat_send"), icon: "send", onclick: () => this.send() });
    this.node = el("div", {}, wrapper, this.warning, send);
  }

  makeField() {
    const listeners = { oninput: () => this.typed(), onkeydown: (event) => this.key(event) };
    if (meeting.options.composer === "textarea") return el("textarea", { ...labels(), ...listeners });
    const own = meeting.options.composer === "nested" ? {} : { ...labels(), role: "textbox" };
    return el("div", { contenteditable: "true", ...own, ...listeners });
  }

  typed() {
    this.text = (this.field.value ?? this.field.textContent).trim();
    const over = this.text.length > meeting.options.chat_limit;
    this.warning.textContent = over ? t("chat_too_long") : "";
  }

  key(event) {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    this.send();
  }

  /** A message over the limit stays in the field and goes nowhere. */
  send() {
    if (!this.text || this.text.length > meeting.options.chat_limit) return;
    meeting.send({ do: "chat", text: this.text });
    this.text = "";
    if ("value" in this.field) this.field.value = "";
    else this.field.textContent = "";
  }
}

function labels() {
  return { "aria-label": t("composer"), placeholder: t("composer_placeholder") };
}
