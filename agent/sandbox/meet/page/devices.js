// Microphone and camera toggles, the same before, in and after the lobby; their state is only in the label.
import { button } from "./dom.js";
import { meeting } from "./meeting.js";
import { t } from "./texts.js";

const state = { microphone: true, camera: true };
const ignored = { microphone: 0, camera: 0 };
const ICONS = { microphone: "mic", camera: "videocam" };

/** The two toggles, as divs or buttons. */
export function deviceToggles(as) {
  return [deviceToggle("microphone", as), deviceToggle("camera", as)];
}

function deviceToggle(device, as) {
  const toggle = button({ as, icon: ICONS[device], jsname: "hw0c9", onclick: () => press(device, toggle) });
  label(device, toggle);
  return toggle;
}

function label(device, toggle) {
  toggle.setAttribute("aria-label", t(`${device}_${state[device] ? "off" : "on"}`));
}

function press(device, toggle) {
  if (ignored[device] < meeting.options.device_clicks_ignored) {
    ignored[device] += 1;
    return;
  }
  state[device] = !state[device];
  label(device, toggle);
  meeting.send({ do: "device", device, on: state[device] });
}
