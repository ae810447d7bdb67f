// The screens on which nothing goes on: refusals, endings, and nothing at all.
import { button, el } from "./dom.js";
import { meeting } from "./meeting.js";
import { t } from "./texts.js";

const DETAILS = { not_found: "not_found_detail", blocked: "blocked_detail" };
const REJOINABLE = ["left"];

/** A heading, and the way home. */
export class NoticeScreen {
  constructor({ notice }) {
    const text = notice.text;
    this.node = el(
      "main",
      { class: "notice" },
      notice.stale_lobby_text ? el("div", {}, t(`lobby_${meeting.options.lobby_text}`)) : null,
      el("h1", { class: "roSPhc" }, t(text)),
      DETAILS[text] ? el("p", {}, t(DETAILS[text])) : null,
      REJOINABLE.includes(text) ? button({ text: t("rejoin"), onclick: () => location.reload() }) : null,
      homeButton(),
    );
  }
}

/** The button that stands in the lobby as well as after the end. */
export function homeButton() {
  return button({ text: t("home"), onclick: () => location.assign("landing") });
}

/** Nothing to see. */
export class BlankScreen {
  constructor() {
    this.node = el("main");
  }
}
