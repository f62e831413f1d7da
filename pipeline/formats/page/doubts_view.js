// The list of passages to check, the most doubtful first.

import { chip, make, redraw } from "./dom.js";
import { isSettled } from "./finding.js";
import { clock, listed } from "./model.js";
import { colourOf } from "./speakers.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./model.js").Doubt} Doubt */

/** Passages in the list at first; those with less doubt are shown on demand. As in `pipeline.formats.checklist`. */
const FIRST = 40;

/**
 * @param {App} app
 * @param {{ list: HTMLElement, count: HTMLElement, lines: HTMLElement, more: HTMLElement, empty: HTMLElement,
 *   reveal: () => void }} parts
 */
export function createDoubts(app, parts) {
  let current = -1;
  let shown = Math.min(FIRST, app.page.doubts.length);
  let settled = /** @type {boolean[]} */ ([]);

  function update() {
    settled = app.page.doubts.map((doubt, i) => isSettled(doubt, i, app.state, app.start, app.linesOfWords));
    redraw(parts.list, app.page.doubts.slice(0, shown).map(item));
    const done = settled.slice(0, shown).filter(Boolean).length;
    parts.count.textContent = shown ? `${done} of ${shown} checked · ` : "";
    const checked = app.state.lines.filter((line) => line.check).length;
    parts.lines.textContent = `${checked} of ${app.state.lines.length} lines checked`;
    const rest = app.page.doubts.length - shown;
    parts.more.hidden = rest <= 0;
    parts.more.textContent = `Show ${rest} more with less doubt`;
    parts.empty.hidden = app.page.doubts.length > 0;
  }

  /**
   * @param {Doubt} doubt
   * @param {number} number
   */
  function item(doubt, number) {
    const who = doubt.speaker === null ? "" : app.personOf(doubt.speaker);
    const text = doubt.text ? make("span", { class: "quote" }, `“${doubt.text}”`) : "";
    const button = make("button", { class: "go", "data-doubt": number, "aria-current": number === current || undefined },
      make("span", { class: "when" }, clock(doubt.start)),
      make("span", { class: "what" }, ...(who ? [chip(who, colourOf(who)), who.name, " "] : []), text),
      make("span", { class: "why" }, reasonOf(doubt, app)));
    const names = doubt.candidates.map((name) =>
      make("button", { class: "small", "data-candidate": name, "data-doubt": number }, `Name them ${name}`));
    const write = doubt.kind === "uncovered" ? [make("button", { class: "small", "data-write": number }, "Write the words")] : [];
    const tick = make("button", {
      class: "tick", "data-settle": number, "aria-pressed": settled[number], "aria-label": `Checked: ${clock(doubt.start)}`,
    });
    return make("li", { class: settled[number] ? "item settled" : "item" }, button, tick,
      ...(names.length + write.length ? [make("div", { class: "offers" }, ...names, ...write)] : []));
  }

  return {
    update,
    get current() {
      return current;
    },
    /** How many of those in the list are open. */
    get open() {
      return settled.slice(0, shown).filter((done) => !done).length;
    },
    /** @param {number} number */
    isSettled(number) {
      return settled[number];
    },
    showMore() {
      shown = app.page.doubts.length;
      update();
    },
    /**
     * The number of the open doubt after the present one in a direction, or -1 when all are settled.
     * @param {1 | -1} direction
     */
    next(direction) {
      for (let i = 1; i <= shown; i += 1) {
        const number = (((current < 0 && direction < 0 ? 0 : current) + direction * i) % shown + shown) % shown;
        if (!settled[number]) return number;
      }
      return -1;
    },
    /** @param {number} number */
    choose(number) {
      current = number;
      parts.reveal();
      for (const button of parts.list.querySelectorAll(".go")) {
        const chosen = button.getAttribute("data-doubt") === String(number);
        if (chosen) button.setAttribute("aria-current", "true");
        else button.removeAttribute("aria-current");
        const list = parts.list;
        if (!chosen || !(button instanceof HTMLElement) || list.scrollHeight <= list.clientHeight) continue;
        const offset = button.getBoundingClientRect().top - list.getBoundingClientRect().top;
        if (offset < 0 || offset > list.clientHeight - 80) list.scrollTop += offset - 40;
      }
    },
  };
}

/**
 * Why a passage is doubtful, with the present names.
 * @param {Doubt} doubt
 * @param {App} app
 */
export function reasonOf(doubt, app) {
  if (doubt.kind !== "overlap" || !doubt.speakers.length) return doubt.reason;
  return `${listed(doubt.speakers.map((label) => app.personOf(label).name))} talk at once and were not separated`;
}
