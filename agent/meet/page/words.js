// Comparing what the page says with the table, whatever the case, the apostrophes and the spaces.

function fold(text) {
  return text.replace(/[\u2018\u2019\u02bc]/g, "'").replace(/\u2026/g, "...").replace(/\s+/gu, " ").trim().toLowerCase();
}

function squeeze(text) {
  return fold(text).replace(/ /g, "").replace(/[.!\u3002]+$/u, "");
}

/** A table's pattern, or null for an empty one; the engine itself keeps what it has compiled. */
function pattern(source) {
  return source ? new RegExp(source, "u") : null;
}

/** What an element is called by its attributes. */
function labelOf(el) {
  const named = el.getAttribute("aria-label") ?? el.getAttribute("placeholder") ?? el.getAttribute("data-tooltip");
  if (named) return named;
  const by = el.getAttribute("aria-labelledby");
  if (!by) return "";
  return by.split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
}

/** The text inside, without the ligatures that draw icons. */
function textOf(el, skipped = null) {
  let text = "";
  const walker = document.createTreeWalker(el, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT, (node) => {
    if (node.nodeType === Node.TEXT_NODE) return NodeFilter.FILTER_ACCEPT;
    const unread = node.localName === "i" || node.localName === "svg" || node === skipped;
    return unread ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP;
  });
  while (walker.nextNode()) text += walker.currentNode.data;
  return text.replace(/\s+/gu, " ").trim();
}

function iconsOf(el) {
  return [...el.querySelectorAll("i")].map((icon) => icon.textContent.trim());
}
