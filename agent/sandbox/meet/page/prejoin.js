// Before the knock: name, devices, the join button and what stands in its way.
import { button, el } from "./dom.js";
import { deviceToggles } from "./devices.js";
import { log, meeting } from "./meeting.js";
import { modal } from "./dialogs.js";
import { t } from "./texts.js";

const LONGEST_NAME = 60;

export class PrejoinScreen {
  constructor() {
    this.name = "";
    this.knocking = false;
    this.join = this.joinButton();
    this.node = el(
      "main",
      { class: "prejoin" },
      this.preview(),
      el("div", { role: "heading", "aria-level": "1" }, t("ready")),
      this.nameFields(),
      this.ghost(() => this.joinButton()),
      meeting.options.decoys ? decoys() : null,
      this.join,
    );
    this.enableJoin();
    this.openingDialogs();
  }

  get signedIn() {
    return meeting.options.name_field === "absent";
  }

  preview() {
    return el("div", { class: "preview" }, deviceToggles(meeting.options.device_controls));
  }

  nameFields() {
    if (this.signedIn) return el("div", {}, meeting.options.account_name);
    return el("div", {}, this.ghost(() => nameField()), nameField((event) => this.typed(event.target.value)));
  }

  /** A hidden copy that stands before the real thing. */
  ghost(make) {
    if (meeting.options.name_field !== "ghost") return null;
    return el("div", { "aria-hidden": "true", class: "ghost" }, make());
  }

  typed(name) {
    this.name = name.trim();
    this.enableJoin();
  }

  enableJoin() {
    this.join.disabled = meeting.options.join_disabled_until_name && !this.signedIn && !this.name;
  }

  joinButton() {
    const text = t(`join_${meeting.options.join_text}`);
    const onclick = (event) => this.pressed(event);
    return button({ text, label: joinLabel(text), jsname: "Qx7uuf", onclick });
  }

  openingDialogs() {
    if (meeting.options.media_dialog === "before") over(this.node, mediaDialog);
    if (meeting.options.got_it === "before") over(this.node, gotItDialog);
  }

  async pressed(event) {
    log("join_click", event.isTrusted ? "trusted" : "untrusted");
    if (meeting.options.trusted_clicks && !event.isTrusted) return;
    if (this.knocking || (!this.signedIn && !this.name)) return;
    this.knocking = true;
    if (meeting.options.two_step_join) await over(this.node, previewDialog);
    if (meeting.options.media_dialog === "after_knock") await over(this.node, mediaDialog);
    meeting.send({ do: "knock", name: this.name });
  }
}

function nameField(oninput = null) {
  return el("input", {
    type: "text",
    "aria-label": t("your_name"),
    placeholder: t("your_name"),
    maxlength: LONGEST_NAME,
    autocomplete: "off",
    jsname: "YPqjbf",
    oninput,
  });
}

function joinLabel(text) {
  const labels = { plain: text, decorated: t("join_without_camera", { join: text }), absent: null };
  return labels[meeting.options.join_label];
}

function decoys() {
  const pressed = (which) => () => log("decoy_click", which);
  return el(
    "div",
    {},
    button({ label: t("more_options"), text: "⋮", jsname: "NakZHc", onclick: pressed("menu") }),
    button({ text: t("other_ways"), jsname: "uL7lsf", onclick: pressed("other_ways") }),
  );
}

/** Show a dialog over the screen; resolves when one of its buttons was pressed. */
function over(screen, make) {
  return new Promise((resolve) => {
    const node = make(() => {
      node.remove();
      resolve();
    });
    screen.append(node);
  });
}

function mediaDialog(close) {
  const press = (what) => () => {
    log("media_dialog", what);
    close();
  };
  return modal(
    t("media_question"),
    el("h2", {}, t("media_question")),
    button({ label: t("media_use"), text: t("media_use"), onclick: press("use") }),
    button({ text: t("media_without"), onclick: press("without") }),
  );
}

function gotItDialog(close) {
  return modal(t("others_see"), el("h2", {}, t("others_see")), button({ text: t("got_it"), onclick: close }));
}

function previewDialog(close) {
  const press = (event) => {
    log("second_join_click", event.isTrusted ? "trusted" : "untrusted");
    if (event.isTrusted || !meeting.options.trusted_clicks) close();
  };
  return modal(t("preview"), el("h2", {}, t("preview")), button({ text: t("join_now"), onclick: press }));
}
