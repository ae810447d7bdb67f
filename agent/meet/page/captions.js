// Captions: each block is known by its node, read at every change, told at once, and gathered while they come quickly.

const CAPTION_GATHER_MS = 100;
let captionsWanted = false;
let captionRegion = null;
let captionEpoch = 0;
let captionKeys = new WeakMap();
let captionTold = new WeakMap(); // what each block said last; with the block it is forgotten
let captionOrder = [];
let captionsPending = [];
let captionTimer = null;
let captionsToldAt = -Infinity;
let nextCaptionKey = 1;

const captionObserver = new MutationObserver((records) => readCaptions(records));

/** Begin or end listening; nothing is read before. */
function wantCaptions(wanted) {
  captionsWanted = wanted;
  if (!wanted) {
    tellCaptions();
    dropCaptionRegion();
  }
  return hearCaptions();
}

function dropCaptionRegion() {
  captionObserver.disconnect();
  captionRegion = null;
}

function hearCaptions() {
  if (!captionsWanted) return false;
  const region = regionElement("captions");
  if (region === captionRegion) return region !== null;
  dropCaptionRegion();
  if (!region) return false;
  captionRegion = region;
  captionEpoch += 1;
  captionKeys = new WeakMap();
  captionTold = new WeakMap();
  captionOrder = [];
  captionObserver.observe(region, { childList: true, subtree: true, characterData: true });
  readCaptions([]);
  return true;
}

/** The blocks in order: each the largest element with one speaker in it. */
function captionBlocks() {
  const speakers = [...captionRegion.querySelectorAll(TABLE.structure.caption_speaker)];
  if (!speakers.length) return [...captionRegion.children];
  return [...new Set(speakers.map((speaker) => blockAround(speaker)))];
}

function blockAround(speaker) {
  let block = speaker;
  while (block.parentElement !== captionRegion && block.parentElement) {
    if (block.parentElement.querySelectorAll(TABLE.structure.caption_speaker).length > 1) break;
    block = block.parentElement;
  }
  return block;
}

function readCaptions(records) {
  if (!captionRegion) return;
  readDeparted(records);
  const blocks = captionBlocks();
  renewMoved(blocks);
  blocks.filter((block) => isNews(block, records)).forEach(noteBlock);
  captionOrder = blocks;
  if (captionsPending.length) planCaptions();
}

/** A block that nothing was changed in says what it said. */
function isNews(block, records) {
  return !captionKeys.has(block) || records.some(({ target }) => block.contains(target));
}

/** On a busy machine a timer would wait for the page to be painted first. */
function planCaptions() {
  const waitMs = captionsToldAt + CAPTION_GATHER_MS - performance.now();
  if (waitMs <= 0) tellCaptions();
  else captionTimer ??= setTimeout(tellCaptions, waitMs);
}

/** A block that grew and went in one turn still holds its last words. */
function readDeparted(records) {
  for (const record of records) {
    for (const node of record.removedNodes) if (captionKeys.has(node) && !node.isConnected) noteBlock(node);
  }
}

/** A block put from the front to the end serves the next speaker: it begins anew. */
function renewMoved(blocks) {
  const last = blocks.at(-1);
  const before = captionOrder.indexOf(last);
  const passed = before >= 0 && captionOrder.slice(before + 1).some((block) => blocks.includes(block));
  const alone = before >= 0 && before < captionOrder.length - 1;
  if (!passed && !alone) return;
  captionKeys.delete(last);
  captionTold.delete(last);
}

function noteBlock(block) {
  const { speaker, text } = readBlock(block);
  if (!text) return;
  if (!captionKeys.has(block)) captionKeys.set(block, nextCaptionKey++);
  const key = captionKeys.get(block);
  const said = `${speaker}\n${text}`;
  if (captionTold.get(block) === said) return;
  captionTold.set(block, said);
  const pending = captionsPending.findLast((one) => one.key === key);
  if (pending && pending.speaker === speaker && text.startsWith(pending.text)) pending.text = text;
  else captionsPending.push({ key, epoch: captionEpoch, speaker, text });
}

function readBlock(block) {
  const badge = block.querySelector(TABLE.structure.caption_speaker) ?? firstWithText(block);
  return { speaker: badge ? textOf(badge) : "", text: textOf(block, badge) };
}

/** Where the page marks no speaker, the first of several texts is one. */
function firstWithText(block) {
  const texts = [...block.children].filter((child) => child.textContent.trim());
  return texts.length > 1 ? texts[0] : null;
}

function tellCaptions() {
  clearTimeout(captionTimer);
  captionTimer = null;
  if (!captionsPending.length) return;
  captionsToldAt = performance.now();
  tell({ kind: "captions", blocks: captionsPending });
  captionsPending = [];
}
