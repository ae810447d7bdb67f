// Who is there: the tiles, the count sign, and the list while its panel is open.

const SCROLLED_MS = 40;
const MOST_STEPS = 200;

function participantId(el) {
  for (const attribute of TABLE.structure.participant_attributes) {
    const id = el.getAttribute(attribute);
    if (id) return id;
  }
  return "";
}

/** Whether the page says the word in a row; what somebody is called is not the page's word. */
function saysWord(word, row, name) {
  const calledSo = fold(name);
  return [...row.querySelectorAll("*")].some((one) => {
    if (one.childElementCount || !one.textContent || one.closest("button")) return false;
    const said = fold(one.textContent);
    return said !== calledSo && pattern(TABLE.words[word]).test(said);
  });
}

/** One tile per participant outside the list: [{id, name, self}]. */
function readTiles() {
  const list = regionElement("roster");
  const tiles = new Map();
  for (const el of document.querySelectorAll(TABLE.structure.participant)) {
    const id = participantId(el);
    if (tiles.has(id) || list?.contains(el) || isEffects(el)) continue;
    tiles.set(id, { id, name: tileName(el), self: el.querySelector(TABLE.structure.self_name) !== null });
  }
  return [...tiles.values()];
}

function isEffects(el) {
  return pattern(TABLE.words.effects).test(fold(labelOf(el) || textOf(el).slice(0, 80)));
}

function tileName(el) {
  const named = el.querySelector(TABLE.structure.tile_name);
  return (named ? textOf(named) : el.querySelector(TABLE.structure.self_name)?.dataset.selfName ?? "").trim();
}

/** How many the page says are there, without any panel; null when it does not say. */
function readCount() {
  const sign = document.querySelector(TABLE.structure.avatar_count);
  const digits = (sign?.dataset.avatarCount || sign?.textContent || peopleLabel()).match(/\d+/);
  return digits ? Number(digits[0]) : null;
}

function peopleLabel() {
  const labels = [...document.querySelectorAll("nav [aria-label], button[aria-label]")].map((el) => el.getAttribute("aria-label"));
  return labels.find((label) => /\d/.test(label) && pattern(TABLE.controls.people.names).test(fold(label))) ?? "";
}

/** The rows of the open list, or null when it is not open. */
function readRows() {
  const list = regionElement("roster");
  if (!list || !isVisible(list)) return null;
  const rows = [...list.querySelectorAll('[role="listitem"]')];
  return (rows.length ? rows : [...list.children]).map(readRow);
}

/** All rows, though a long list may hold only those in view: then it is scrolled through, and back to where it was. */
async function readWholeList() {
  const shown = readRows();
  const box = shown && scrolledBox(regionElement("roster"));
  if (!box || shown.length >= (readCount() ?? Infinity)) return shown;
  const found = new Map();
  const from = box.scrollTop;
  const step = Math.max(box.clientHeight / 2, box.scrollHeight / MOST_STEPS);
  for (let at = 0; at < box.scrollHeight; at += step) {
    box.scrollTop = at;
    await new Promise((resolve) => setTimeout(resolve, SCROLLED_MS));
    for (const row of readRows() ?? []) found.set(row.id || row.name, row);
  }
  box.scrollTop = from;
  return [...found.values()];
}

/** What scrolls the list: itself or the nearest around it; null when all of it is in view. */
function scrolledBox(list) {
  for (let at = list; at; at = at.parentElement) {
    const scrolls = ["auto", "scroll"].includes(getComputedStyle(at).overflowY);
    if (scrolls && at.scrollHeight > at.clientHeight + 1) return at;
  }
  return null;
}

function readRow(row) {
  const label = row.getAttribute("aria-label") ?? "";
  const name = label || textOf(row.querySelector(TABLE.structure.tile_name) ?? row);
  const holder = participantId(row) ? row : row.querySelector(TABLE.structure.participant);
  return {
    id: holder ? participantId(holder) : "",
    name: name.replace(/\s+/gu, " ").trim(),
    self: saysWord("you", row, name) || row.querySelector(TABLE.structure.self_name) !== null,
    host: saysWord("host", row, name),
    pseudo: isPseudo(name, row),
  };
}

function isPseudo(name, row) {
  const folded = fold(name);
  const by = (word) => pattern(TABLE.words[word]).test(folded);
  // A presentation's row carries the presenter's name and a line that says what it is.
  return by("presentation") || by("merged") || by("effects") || by("raw_id") || saysWord("presentation", row, name);
}

/** Where to press to unfold people who share a microphone, or null. */
function whereIsFoldedGroup() {
  const list = regionElement("roster");
  const folded = list && [...list.querySelectorAll('[aria-expanded="false"]:not([aria-haspopup])')].find(isVisible);
  return folded ? describe({ el: folded, by: "structure", visible: true }) : null;
}
