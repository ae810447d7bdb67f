// One look at the whole page: which controls are there, what it says, who has a tile.

const UNREAD = "script, style, noscript, template, textarea, select";

/** The elements whose text is written by people, not by the page. */
function peoplesWords() {
  const regions = Object.values(TABLE.regions).flatMap(regionElements);
  return new Set([...regions, ...document.querySelectorAll(TABLE.structure.participant)]);
}

function regionElements(region) {
  const byRole = region.roles.map((role) => `[role="${role}"][aria-label]`).join(", ");
  const named = byRole ? [...document.querySelectorAll(byRole)] : [];
  const fits = named.filter((el) => pattern(region.names).test(fold(el.getAttribute("aria-label"))));
  return region.css.length ? [...fits, ...document.querySelectorAll(region.css.join(", "))] : fits;
}

/** The first element of a region, by label before structure. */
function regionElement(name) {
  return regionElements(TABLE.regions[name])[0] ?? null;
}

/** The page's own visible texts, one per element that holds some. */
function ownTexts(root = document.body) {
  const skipped = peoplesWords();
  const texts = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT, (node) => {
    if (node.nodeType === Node.TEXT_NODE) return NodeFilter.FILTER_ACCEPT;
    const unread = skipped.has(node) || node.matches(UNREAD) || !node.checkVisibility({ visibilityProperty: true });
    return unread ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP;
  });
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    if (text) texts.push(text);
  }
  return texts;
}

/** Which of the table's meanings the texts carry, each with the page's own words. */
function meanings(table, texts) {
  const pieces = texts.map((text) => ({ text, squeezed: squeeze(text) }));
  const all = pieces.map((piece) => piece.squeezed).join("");
  const found = {};
  for (const [meaning, phrases] of Object.entries(table)) {
    const phrase = phrases.find((one) => (one.startsWith("=") ? isWhole(one, pieces) : all.includes(one)));
    const words = phrase?.replace("=", "");
    if (phrase) found[meaning] = pieces.find((piece) => piece.squeezed.includes(words))?.text ?? words;
  }
  return found;
}

/** A phrase too common to be looked for inside other texts. */
function isWhole(phrase, pieces) {
  return pieces.some((piece) => `=${piece.squeezed}` === phrase);
}

function surveyControls() {
  const candidates = readCandidates();
  const seen = {};
  for (const [name, control] of Object.entries(TABLE.controls)) {
    const found = locate(control, candidates);
    if (found) seen[name] = { by: found.by, visible: found.visible, covered: found.covered, enabled: isEnabled(found.el) };
  }
  return seen;
}

/** What lies over the page; the panels of people and chat may be dialogs by their role and are in nobody's way. */
function surveyDialogs() {
  const panels = ["roster", "chat_list"].map(regionElement).filter((panel) => panel !== null);
  const all = [...document.querySelectorAll(TABLE.structure.dialog)].filter(
    (el) => isVisible(el) && !panels.some((panel) => el.contains(panel)),
  );
  const outermost = all.filter((el) => !all.some((other) => other !== el && other.contains(el)));
  return outermost.map((el) => {
    const texts = ownTexts(el);
    const modal = el.matches('[aria-modal="true"]') || el.querySelector('[aria-modal="true"]') !== null;
    const text = texts.slice(0, 3).join(" ").slice(0, 300);
    return { kinds: Object.keys(meanings(TABLE.dialogs, texts)), text, modal };
  });
}

function hasCaptcha() {
  return [...document.querySelectorAll(TABLE.structure.captcha)].some((frame) => {
    const box = frame.getBoundingClientRect();
    return isVisible(frame) && box.width >= 120 && box.height >= 40;
  });
}

/** The whole snapshot. */
function survey() {
  return {
    url: location.href,
    language: document.documentElement.lang,
    online: navigator.onLine,
    controls: surveyControls(),
    texts: meanings(TABLE.texts, ownTexts()),
    dialogs: surveyDialogs(),
    captcha: hasCaptcha(),
    tiles: readTiles(),
    count: readCount(),
    hears_chat: chatList !== null,
    hears_captions: !captionsWanted || captionRegion !== null,
  };
}

/** What a person who mends the table wants to see. */
function surveyForPeople() {
  const buttons = [...document.querySelectorAll(SELECTORS.item)].filter(isVisible);
  return {
    title: document.title,
    snapshot: survey(),
    texts: ownTexts().slice(0, 80),
    buttons: buttons.slice(0, 80).map((el) => ({ tag: el.localName, label: labelOf(el), text: textOf(el), icons: iconsOf(el) })),
  };
}
