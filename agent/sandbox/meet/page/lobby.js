// The waiting room. It has toggles, a leave button and a self-preview; none of them proves admission.
import { button, el } from "./dom.js";
import { deviceToggles } from "./devices.js";
import { homeButton } from "./notice.js";
import { log, meeting } from "./meeting.js";
import { t } from "./texts.js";

export class LobbyScreen {
  constructor({ device }) {
    const options = meeting.options;
    this.node = el(
      "main",
      { class: "lobby" },
      el("div", { role: "heading", "aria-level": "1" }, t(`lobby_${options.lobby_text}`)),
      options.lobby_preview ? el("video", { autoplay: true, playsinline: true }) : null,
      options.lobby_effects_panel ? effectsPanel(device) : null,
      deviceToggles(options.device_controls),
      options.lobby_leave_button ? leaveButton() : null,
      options.lobby_home_button ? homeButton() : null,
    );
  }
}

function effectsPanel(device) {
  const marks = { "data-participant-id": device, "aria-label": t("effects") };
  return el("div", marks, el("span", {}, "visual_effects"));
}

/** Hangs up, here and in the call. */
export function leaveButton() {
  const onclick = () => {
    log("leave_click");
    meeting.send({ do: "leave" });
  };
  return button({ label: t("leave_call"), icon: "call_end", jsname: "CQylAd", onclick });
}
