// Every text of the page, in the language asked for by hl or forced by the meeting.

const LANGUAGES = ["en", "de", "fr", "es", "pt", "ja"];
let texts = {};
let apostrophe = "’";

/** Fetch the language's texts; the page is built only after that. */
export async function loadTexts({ language = null, typographic_apostrophes = true }) {
  const chosen = language ?? askedLanguage();
  apostrophe = typographic_apostrophes ? "’" : "'";
  document.documentElement.lang = chosen;
  const answer = await fetch(`page/texts/${chosen}.json`);
  texts = await answer.json();
}

function askedLanguage() {
  const asked = (new URLSearchParams(location.search).get("hl") ?? "en").slice(0, 2).toLowerCase();
  return LANGUAGES.includes(asked) ? asked : "en";
}

/** One text, its {placeholders} filled. */
export function t(key, values = {}) {
  const filled = texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  return filled.replaceAll("'", apostrophe);
}

/** A time of day as Meet writes it, narrow spaces included. */
export function clock(milliseconds) {
  const form = { hour: "numeric", minute: "2-digit" };
  return new Date(milliseconds).toLocaleTimeString(document.documentElement.lang, form);
}
