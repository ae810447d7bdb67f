// Captions over the picture: blocks that grow, are corrected late, and may be reused for the next speaker.
import { button, el } from "./dom.js";
import { log, meeting } from "./meeting.js";
import { t } from "./texts.js";

export class CaptionsOverlay {
  constructor() {
    this.on = false;
    this.mode = "on";
    this.blocks = new Map();
    this.node = el("div", { class: "captions" });
    this.toggle = button({ icon: "closed_caption", jsname: "r8qRAd", onclick: () => this.press() });
    this.label();
  }

  /** Shift+C, except where somebody types. */
  key(event) {
    const typing = event.target.isContentEditable || ["INPUT", "TEXTAREA"].includes(event.target.tagName);
    if (event.key === "C" && event.shiftKey && !typing) this.press();
  }

  press() {
    log("captions_press");
    if (this.mode === "on") meeting.send({ do: "captions", on: !this.on });
  }

  update({ mode, on }) {
    this.mode = mode;
    if (mode === "disabled") this.toggle.setAttribute("aria-disabled", "true");
    else this.toggle.removeAttribute("aria-disabled");
    if (on === this.on) return;
    this.on = on;
    this.label();
    if (on) this.mountRegion();
    else this.unmountRegion();
  }

  label() {
    this.toggle.setAttribute("aria-label", t(this.on ? "captions_off" : "captions_on"));
  }

  mountRegion() {
    this.region = el("div", { role: "region", "aria-label": t("captions"), tabindex: "0" });
    this.node.append(this.region);
  }

  unmountRegion() {
    this.region.remove();
    this.blocks.clear();
  }

  /** The utterance grows in its block, or gets one; a block that was trimmed away stays away. */
  show({ id, speaker, text }) {
    if (!this.on) return;
    if (this.blocks.has(id)) {
      const block = this.blocks.get(id);
      if (block?.isConnected) setText(block, text);
      return;
    }
    this.blocks.set(id, this.blockFor(speaker, text));
    this.drop(meeting.options.caption_blocks);
  }

  blockFor(speaker, text) {
    const full = this.region.childElementCount >= meeting.options.caption_blocks;
    if (full && meeting.options.caption_nodes === "recycled") return this.recycled(speaker, text);
    const block = captionBlock(speaker, text);
    this.region.append(block);
    return block;
  }

  /** The oldest node, given to the next speaker in place and moved to the end. */
  recycled(speaker, text) {
    const node = this.region.firstElementChild;
    for (const [id, block] of this.blocks) if (block === node) this.blocks.set(id, null);
    node.querySelector(".NWpY1d").textContent = speaker;
    setText(node, text);
    this.region.append(node);
    return node;
  }

  trim({ keep, words }) {
    if (!this.on) return;
    this.drop(keep);
    const newest = this.region.lastElementChild;
    if (newest && words) setText(newest, textOf(newest).split(" ").slice(words).join(" "));
  }

  drop(keep) {
    while (this.region.childElementCount > keep) this.region.firstElementChild.remove();
  }
}

function captionBlock(speaker, text) {
  return el(
    "div",
    { class: "nMcdL", "aria-live": "polite" },
    el("div", {}, el("img", { alt: "", src: "data:," }), el("span", { class: "NWpY1d" }, speaker)),
    el("div", { class: "ygicle" }, text),
  );
}

function textOf(block) {
  return block.lastElementChild.textContent;
}

function setText(block, text) {
  block.lastElementChild.textContent = text;
}
