// The list of people, with the rows that are not people.
import { button, el, panel } from "./dom.js";
import { meeting } from "./meeting.js";
import { t } from "./texts.js";

const COHORT = "cohort-1";
const ROW_PX = 24;

/** The button that opens the list, in the shapes it has had. */
export function peopleToggle(count, onclick) {
  const shared = { icon: "people", "data-panel-id": "1", role: "button", onclick };
  const variants = {
    label: () => button({ ...shared, label: t("people") }),
    count: () => button({ ...shared, label: t("people_count", { count }) }),
    show_everyone: () => button({ ...shared, label: t("show_everyone") }),
    dialog_div: () => button({ ...shared, as: "div", "aria-haspopup": "dialog", text: t("people") }),
  };
  return variants[meeting.options.people_button]();
}

export class RosterPanel {
  constructor() {
    this.view = null;
    this.unfolded = false;
    this.rows = new Map();
    this.list = el("div", { role: "list", "aria-label": t("participants"), onscroll: () => this.scrolled() });
    this.above = el("div");
    this.below = el("div");
    this.window = meeting.options.roster_window;
    if (this.window) this.list.style = `height: ${(this.window - 1) * ROW_PX}px; overflow: auto; overflow-anchor: none`;
    this.node = panel(meeting.options.panel_role, t("side_panel"), el("h2", {}, t("people")), this.list);
  }

  mount() {
    return this.node;
  }

  update(view) {
    const { people } = view;
    this.view = view;
    const merged = people.filter((row) => row.kind === "merged");
    const single = people.filter((row) => row.kind !== "merged");
    this.place([...single.map((row) => this.row(row)), this.mergedGroup(merged), this.effectsRow()]);
  }

  /** Puts the rows in order and touches only what changed. */
  place(wanted) {
    const all = wanted.filter((node) => node !== null);
    const nodes = this.window ? this.inView(all) : all;
    for (const node of [...this.list.children]) if (!nodes.includes(node)) node.remove();
    nodes.forEach((node, at) => {
      if (this.list.children[at] !== node) this.list.insertBefore(node, this.list.children[at] ?? null);
    });
  }

  /** Of a long list only the rows in view exist, between blocks as high as the others would be. */
  inView(nodes) {
    const first = Math.max(0, Math.min(Math.floor(this.list.scrollTop / ROW_PX), nodes.length - this.window));
    const shown = nodes.slice(first, first + this.window);
    shown.forEach((node) => (node.style = `height: ${ROW_PX}px; overflow: hidden`));
    this.above.style.height = `${first * ROW_PX}px`;
    this.below.style.height = `${(nodes.length - first - shown.length) * ROW_PX}px`;
    return [this.above, ...shown, this.below];
  }

  scrolled() {
    if (this.window) this.update(this.view);
  }

  /** The row of a participant, the same node as long as it says the same. */
  row(row) {
    const said = JSON.stringify(row);
    const known = this.rows.get(row.id);
    if (known?.said === said) return known.node;
    const node = participantRow(row);
    this.rows.set(row.id, { said, node });
    return node;
  }

  mergedGroup(members) {
    if (!members.length) return null;
    const open = this.unfolded || meeting.options.merged_audio === "expanded";
    const title = el("span", {}, t("merged_audio"));
    const head = listItem(t("merged_audio"), this.view.room, title, this.unfolder(open));
    return el("div", {}, head, open ? members.map(participantRow) : null);
  }

  unfolder(open) {
    const unfold = () => {
      this.unfolded = !this.unfolded;
      this.update(this.view);
    };
    const expanded = { "aria-expanded": String(open) };
    return button({ label: t("adaptive_audio"), icon: "expand_more", ...expanded, onclick: unfold });
  }

  effectsRow() {
    if (!meeting.options.effects_row) return null;
    const [self] = this.view.people;
    return this.row({ id: `${self.id}/effects`, name: t("effects"), kind: "effects" });
  }
}

function listItem(label, id, ...children) {
  return el("div", { role: "listitem", "aria-label": label, "data-participant-id": id }, ...children);
}

function participantRow(row) {
  const name = row.kind === "raw_id" ? row.id : row.name;
  const shownName = el("span", { class: "notranslate" }, name);
  return listItem(
    name,
    row.id,
    el("div", { "data-participant-id": row.id }, shownName, row.self ? el("span", {}, t("you")) : null),
    row.host ? el("div", {}, t("host")) : null,
    row.kind === "presentation" ? el("div", {}, t("presentation")) : null,
    row.kind === "merged" ? el("div", { "aria-label": t("adaptive_audio"), "data-cohort-id": COHORT }) : null,
    row.kind === "effects" ? null : button({ label: t("more_actions"), icon: "more_vert" }),
  );
}
