// Building elements by hand: no framework, no class names a client could lean on.

/** One element; attributes named on… are listeners, null children are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  node.append(...children.flat().filter((child) => child !== null));
  return node;
}

function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (typeof value === "function") node.addEventListener(name.slice(2), value);
  else node.setAttribute(name, value === true ? "" : value);
}

/** A button with an icon or a span of text; `as: "div"` makes the div[role=button] kind. */
export function button({ as = "button", label = null, icon = null, text = null, onclick, ...rest }) {
  const kind = as === "div" ? { role: "button", tabindex: "0" } : { type: "button" };
  return el(
    as,
    { ...kind, "aria-label": label, onclick, ...rest },
    icon && el("i", { "aria-hidden": "true", class: "icon" }, icon),
    text && el("span", {}, text),
  );
}

/** A side panel, in the shapes it has had. */
export function panel(role, label, ...children) {
  const shape = role === "dialog" ? ["div", { role }] : ["aside", {}];
  return el(shape[0], { ...shape[1], class: "panel", "aria-label": label }, ...children);
}

/** Put these children in place of the old ones. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child !== null));
}
