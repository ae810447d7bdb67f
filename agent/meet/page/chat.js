// The chat's lines, each sent once as long as its node lives; reopening the panel sends all again, marked.

const CLOCK = /^\W*\d{1,2}\s?[:.h時]\s?\d{2}/u;
const CHAT_GATHER_MS = 50;
let chatList = null;
let chatSeen = new WeakSet();
let chatTimer = null;

const chatObserver = new MutationObserver(() => {
  chatTimer ??= setTimeout(() => tellChat(false), CHAT_GATHER_MS);
});

/** Listen to the list that is open now; true when there is one. `now` tells at once what it holds. */
function hearChat(now = false) {
  const list = regionElement("chat_list");
  if (list === chatList) {
    if (now) tellChat(false);
    return list !== null;
  }
  chatObserver.disconnect();
  chatList = list;
  chatSeen = new WeakSet();
  if (!list) return false;
  chatObserver.observe(list, { childList: true, subtree: true });
  tellChat(true);
  return true;
}

function tellChat(whole) {
  clearTimeout(chatTimer);
  chatTimer = null;
  const fresh = chatList ? chatLines().filter((line) => line.text && !chatSeen.has(line.node)) : [];
  fresh.forEach((line) => chatSeen.add(line.node));
  const lines = fresh.map(({ node, ...line }) => line);
  if (whole || lines.length) tell({ kind: "chat", whole, lines });
}

function chatLines() {
  return chatItems(chatList).flatMap((item) => {
    const header = headerOf(item);
    const [sender, time] = header ? headerTexts(header) : ["", ""];
    return bubblesOf(item, header).map((node) => readBubble(node, sender, time));
  });
}

function readBubble(node, sender, time) {
  const marked = node.matches(TABLE.structure.message_id) ? node : node.closest(TABLE.structure.message_id);
  return { node, id: marked?.getAttribute(TABLE.structure.message_id_attribute) ?? "", sender, time, text: bubbleText(node) };
}

function chatItems(list) {
  const items = [...list.querySelectorAll('[role="listitem"]')];
  return items.length ? items : [...list.children];
}

/** The first child holds sender and time, unless the page shows no header over one's own lines. */
function headerOf(item) {
  const first = item.firstElementChild;
  if (!first || first.matches(TABLE.structure.message_id) || first.querySelector(TABLE.structure.message_id)) return null;
  return item.childElementCount > 1 && leaves(first).some((leaf) => CLOCK.test(leaf)) ? first : null;
}

function leaves(el) {
  const texts = [];
  const walker = document.createTreeWalker(el, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (walker.currentNode.data.trim()) texts.push(walker.currentNode.data.trim());
  return texts;
}

function headerTexts(header) {
  const texts = leaves(header);
  const at = texts.findIndex((text) => CLOCK.test(text));
  return at > 0 ? [texts.slice(0, at).join(" "), texts[at]] : [texts.find((text) => !CLOCK.test(text)) ?? "", texts[at] ?? ""];
}

function bubblesOf(item, header) {
  const marked = [...item.querySelectorAll(TABLE.structure.message_id)];
  if (marked.length) return marked.filter((el) => !marked.some((other) => other !== el && el.contains(other)));
  const bodies = [...item.children].filter((child) => child !== header);
  return bodies.flatMap((body) => (body.childElementCount ? [...body.children] : [body]));
}

function bubbleText(node) {
  const noise = new Set(node.querySelectorAll(TABLE.structure.message_noise));
  let text = "";
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT, (one) => {
    if (one.nodeType === Node.TEXT_NODE) return NodeFilter.FILTER_ACCEPT;
    return noise.has(one) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP;
  });
  while (walker.nextNode()) text += walker.currentNode.data;
  return text.trim();
}
