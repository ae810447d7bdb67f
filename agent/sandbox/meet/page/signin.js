// What stands where the account's sign-in page would be.
import { el } from "./dom.js";
import { loadTexts, t } from "./texts.js";

await loadTexts({});
document.body.append(
  el("h1", {}, t("sign_in")),
  el("p", {}, t("sign_in_detail")),
  el("input", { type: "email", "aria-label": t("email") }),
  el("button", { type: "button" }, el("span", {}, t("next"))),
);
