// The place a visitor is sent to when a meeting is over or was never reached.
import { el } from "./dom.js";
import { loadTexts, t } from "./texts.js";

await loadTexts({});
document.body.append(el("h1", {}, t("landing")));
