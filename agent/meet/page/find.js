// Finding a control by several strategies at once: label, text, icon, structure.

const BUTTONS = 'button, [role="button"], [role="tab"], [role="menuitem"], [role="option"]';
const FIELDS = 'input:not([type="hidden"]), textarea, [contenteditable="true"], [contenteditable=""]';
const SELECTORS = { button: BUTTONS, item: `${BUTTONS}, li`, field: FIELDS };
const LABELLED_ANCESTORS = 3;

/** Every element that could be a control, read once for all controls. */
function readCandidates(root = document) {
  const read = (selector) => [...root.querySelectorAll(selector)].map(readCandidate);
  return Object.fromEntries(Object.entries(SELECTORS).map(([kind, selector]) => [kind, read(selector)]));
}

function readCandidate(el) {
  const field = el.matches(FIELDS);
  const label = fold(field ? fieldLabel(el) : labelOf(el));
  return { el, label, text: field ? "" : fold(textOf(el)), icons: iconsOf(el) };
}

/** A composer may lie inside the element that carries its label. */
function fieldLabel(el) {
  for (let at = el, steps = 0; at && steps <= LABELLED_ANCESTORS; at = at.parentElement, steps += 1) {
    const label = labelOf(at);
    if (label) return label;
  }
  return "";
}

const STRATEGIES = {
  label: (control, one) => Boolean(one.label) && pattern(control.names).test(one.label),
  text: (control, one) => Boolean(one.text) && pattern(control.names).test(one.text),
  icon: (control, one) => one.icons.some((icon) => control.icons.includes(icon)),
};

/** All matches of a control in the order of trust: [{el, by}]. */
function matches(control, candidates) {
  const never = pattern(control.never);
  const allowed = candidates[control.kind].filter((one) => !never || !(never.test(one.label) || never.test(one.text)));
  const found = [];
  for (const [by, fits] of Object.entries(STRATEGIES)) {
    for (const one of allowed) if (fits(control, one)) found.push({ el: one.el, by });
  }
  if (!control.css.length) return found;
  for (const one of allowed) if (control.css.some((css) => one.el.matches(css))) found.push({ el: one.el, by: "structure" });
  return found;
}

/** The best match: one that can be pressed before one that is covered, before one that is only there. */
function locate(control, candidates) {
  let best = null;
  for (const match of matches(control, candidates)) {
    const visible = isVisible(match.el);
    const covered = visible && isCovered(match.el);
    const worth = (visible ? 2 : 0) + (covered ? 0 : 1);
    if (!best || worth > best.worth) best = { ...match, visible, covered, worth };
    if (best.worth === 3) break;
  }
  return best;
}

function isVisible(el) {
  if (!el.checkVisibility({ visibilityProperty: true })) return false;
  const box = el.getBoundingClientRect();
  return box.width > 0 && box.height > 0;
}

function isEnabled(el) {
  return !el.disabled && el.getAttribute("aria-disabled") !== "true";
}

function centre(el) {
  const box = el.getBoundingClientRect();
  return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
}

/** Whether a click at its centre would reach something else; out of view counts as not covered. */
function isCovered(el) {
  const { x, y } = centre(el);
  const hit = document.elementFromPoint(x, y);
  return hit !== null && !el.contains(hit);
}

/** Where to press a control now, or null. `within` limits the search to the first visible match of a selector. */
function whereIs(name, within = null) {
  const roots = within ? [...document.querySelectorAll(within)].filter(isVisible) : [document];
  for (const root of roots) {
    const found = locate(TABLE.controls[name], readCandidates(root));
    if (found) return describe(found);
  }
  return null;
}

/** The same for a control that can be seen. */
function whereIsVisible(name, within = null) {
  const spot = whereIs(name, within);
  return spot?.visible ? spot : null;
}

function describe({ el, by, visible }) {
  if (visible) el.scrollIntoView({ block: "nearest", inline: "nearest" });
  return { ...centre(el), by, visible, enabled: isEnabled(el), covered: visible && isCovered(el), label: labelOf(el) || textOf(el), value: el.value ?? el.textContent };
}

/** Where the first visible match of a selector is, or null. */
function whereIsSelector(selector) {
  const el = [...document.querySelectorAll(selector)].find(isVisible);
  return el ? describe({ el, by: "structure", visible: true }) : null;
}
