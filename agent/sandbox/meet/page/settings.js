// More options → Settings → Captions → the language of the meeting.
import { button, el, fill } from "./dom.js";
import { meeting } from "./meeting.js";
import { modal } from "./dialogs.js";
import { t } from "./texts.js";

const CAPTION_LANGUAGES = { "en-US": "English", "de-DE": "Deutsch", "fr-FR": "Français", "es-ES": "Español", "pt-BR": "Português", "ja-JP": "日本語" };

export class SettingsMenu {
  constructor() {
    this.node = el("div");
  }

  toggle() {
    if (this.node.hasChildNodes()) fill(this.node);
    else fill(this.node, this.menu());
  }

  menu() {
    const settings = el("li", { role: "menuitem", onclick: () => this.openDialog() }, el("span", {}, t("settings")));
    return el("ul", { role: "menu", class: "menu" }, settings);
  }

  openDialog() {
    const body = el("div");
    const tab = button({ label: t("captions"), jsname: "z4Tpl", text: t("captions"), onclick: () => fill(body, languages()) });
    const close = button({ label: t("close_dialog"), icon: "close", onclick: () => fill(this.node) });
    fill(this.node, modal(t("settings"), close, tab, body));
  }
}

function languages() {
  const entries = Object.entries(CAPTION_LANGUAGES);
  return el("ul", { "aria-label": t("meeting_language") }, entries.map(([code, name]) => language(code, name)));
}

function language(code, name) {
  const choose = () => meeting.send({ do: "caption_language", language: code });
  return el("li", { role: "option", "data-value": code, onclick: choose }, el("span", {}, name));
}
