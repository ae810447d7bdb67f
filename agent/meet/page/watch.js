// When to look: soon after the page changed, and now and then in any case. Only what is new is told.

const DOOR = { soonMs: 120, idleMs: 1000 };
const CALL = { soonMs: 1000, idleMs: 5000 };
const HEARTBEAT_MS = 2000;
let pace = DOOR;
let lastTold = "";
let toldAt = 0;
let lastLookAt = 0;
let lookTimer = null;
let lookAt = Infinity;

function tell(message) {
  toldAt = performance.now();
  globalThis[TABLE.binding](JSON.stringify(message));
}

/** Look, and tell what is new. */
function look() {
  lookTimer = null;
  lookAt = Infinity;
  lastLookAt = performance.now();
  hearChat();
  hearCaptions();
  const seen = survey();
  const said = JSON.stringify(seen);
  if (said !== lastTold) tell({ kind: "survey", snapshot: seen });
  lastTold = said;
  plan(pace.idleMs);
}

function plan(afterMs) {
  const at = Math.max(performance.now() + Math.min(afterMs, 50), lastLookAt + afterMs);
  if (lookTimer !== null && at >= lookAt) return;
  clearTimeout(lookTimer);
  lookAt = at;
  lookTimer = setTimeout(look, at - performance.now());
}

/** In the call the page changes all the time and is looked at less often. */
function setPace(inCall) {
  pace = inCall ? CALL : DOOR;
  plan(pace.soonMs);
  return true;
}

/** A page that has nothing to tell says so: silence is how a hanging one is known. */
function beat() {
  if (performance.now() - toldAt >= HEARTBEAT_MS / 2) tell({ kind: "alive" });
}

/** Captions and chat have ears of their own. */
function isTalk({ target }) {
  return Boolean(captionRegion?.contains(target) || chatList?.contains(target));
}

function startWatching() {
  const observer = new MutationObserver((records) => {
    if (!records.every(isTalk)) plan(pace.soonMs);
  });
  observer.observe(document, {
    childList: true,
    subtree: true,
    characterData: true,
    attributeFilter: ["aria-label", "aria-disabled", "aria-hidden", "disabled", "hidden", "data-avatar-count"],
  });
  addEventListener("online", () => plan(0));
  addEventListener("offline", () => plan(0));
  setInterval(beat, HEARTBEAT_MS);
  look();
}

const ASK_AGAIN_MS = 40;

/** The first answer of a function that is something; null when the time is over. */
async function until(name, given, patienceMs) {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const answer = DESK[name](...given);
    if (answer) return answer;
    if (performance.now() >= deadline) return null;
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

const DESK = {
  whereIs,
  whereIsVisible,
  whereIsSelector,
  whereIsFoldedGroup,
  readRows,
  readWholeList,
  hearChat,
  wantCaptions,
  setPace,
  startRecording,
  stopRecording,
  survey,
  surveyForPeople,
  until,
};
globalThis.meetbot = DESK;
if (window === window.top) {
  if (document.body) startWatching();
  else document.addEventListener("DOMContentLoaded", startWatching, { once: true });
}
