// More options → Settings → Captions → the language of the meeting.
import { button, el, fill } from "./dom.js";
import { meeting } from "./meeting.js";
import { modal } from "./dialogs.js";
import { t } from "./texts.js";

const CAPTION_LANGUAGES = {
  "en-US": "English",
  "de-DE": "Deutsch",
  "fr-FR": "Français",
  "es-ES": "Español",
  "pt-BR": "Português",
  "ja-JP": "日本語",
};

export class SettingsMenu {
  constructor() {
    this.node = el("div");
  }

  toggle() {
    if (this.node.hasChildNodes()) fill(this.node);
    else fill(this.node, this.menu());
  }

  menu() {
    const onclick = () => this.openDialog();
    const settings = el("li", { role: "menuitem", onclick }, el("span", {}, t("settings")));
    return el("ul", { role: "menu", class: "menu" }, settings);
  }

  openDialog() {
    const body = el("div");
    const onclick = () => fill(body, languageList());
    const tab = button({ label: t("captions"), jsname: "z4Tpl", text: t("captions"), onclick });
    const close = button({ label: t("close_dialog"), icon: "close", onclick: () => fill(this.node) });
    fill(this.node, modal(t("settings"), close, tab, body));
  }
}

function languageList() {
  const items = Object.entries(CAPTION_LANGUAGES).map(([code, name]) => language(code, name));
  return el("ul", { "aria-label": t("meeting_language") }, items);
}

function language(code, name) {
  const choose = () => meeting.send({ do: "caption_language", language: code });
  return el("li", { role: "option", "data-value": code, onclick: choose }, el("span", {}, name));
}
