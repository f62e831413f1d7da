// The list of recordings: one entry each, drawn again only where it changes.

import { byId, make, setChildren } from "../../formats/page/dom.js";
import { resultAddress } from "./api.js";
import { choices, PAGE } from "./formats.js";
import { counted, shown } from "./words.js";

/** @typedef {import("./words.js").Item & { key: number }} Entry */
/** @typedef {import("./words.js").Shown["actions"][number]} Action */

/** What the buttons say. */
const LABELS = { cancel: "Cancel", again: "Try again", delete: "Delete", remove: "Remove from the list" };

/**
 * @param {object} listeners
 * @param {(key: number, action: Action) => void} listeners.onAction
 * @param {(key: number, format: string) => void} listeners.onDownload
 */
export function createList({ onAction, onDownload }) {
  /** @type {Map<number, ReturnType<typeof createRow>>} */
  const rows = new Map();

  byId("items").addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const key = Number(target.closest("[data-item]")?.getAttribute("data-item"));
    const action = target.closest("[data-action]")?.getAttribute("data-action");
    const format = target.closest("[data-format]")?.getAttribute("data-format");
    if (action) onAction(key, /** @type {Action} */ (action));
    else if (format) {
      event.preventDefault();
      onDownload(key, format);
    }
  });

  return {
    /** @param {readonly Entry[]} entries */
    update(entries) {
      const keys = new Set(entries.map((entry) => entry.key));
      for (const key of rows.keys()) if (!keys.has(key)) rows.delete(key);
      for (const entry of entries) if (!rows.has(entry.key)) rows.set(entry.key, createRow(entry));
      setChildren(byId("items"), entries.flatMap((entry) => rows.get(entry.key)?.element ?? []));
      for (const entry of entries) rows.get(entry.key)?.update(entry);
      byId("no-items").hidden = entries.length > 0;
    },
    /**
     * Puts the focus on an entry.
     * @param {number} key
     */
    focus(key) {
      rows.get(key)?.element.focus();
    },
  };
}

/** @param {Entry} entry */
function createRow({ key }) {
  const name = make("h3", { dir: "auto", id: `name-${key}` });
  const line = make("p", { class: "line", id: `line-${key}` });
  const bar = /** @type {HTMLProgressElement} */ (make("progress", { max: 1, "aria-labelledby": `name-${key} line-${key}` }));
  const buttons = make("div", { class: "actions" });
  const element = make("li", { class: "item", "data-item": key, tabindex: -1, "aria-labelledby": `name-${key}` }, name, line, bar, buttons);
  let drawn = "";
  return {
    element,
    /** @param {Entry} entry */
    update(entry) {
      const now = shown(entry, Date.now());
      if (name.textContent !== entry.name) name.textContent = entry.name;
      if (line.textContent !== now.line) line.textContent = now.line;
      bar.hidden = now.progress === null;
      if (now.progress === null || now.progress < 0) bar.removeAttribute("value");
      else bar.value = now.progress;
      element.className = `item ${now.tone}`;
      const signature = JSON.stringify([now.tone, now.actions, entry.job?.formats]);
      if (signature === drawn) return; // what is open, and where the focus is, stays
      drawn = signature;
      const focused = buttons.contains(document.activeElement);
      setChildren(buttons, [
        ...(now.tone === "ready" && entry.job ? results(entry.job) : []),
        ...now.actions.map((action) =>
          make("button", { class: `small ${action}`, "data-action": action, "aria-describedby": `name-${key}` }, LABELS[action])),
      ]);
      if (focused) element.focus({ preventScroll: true }); // never on another button in the same place
    },
  };
}

/** @param {import("./words.js").Job} job */
function results(job) {
  const { usual, more } = choices(job.formats);
  const newTab = { target: "_blank", rel: "noopener", "aria-describedby": "new-tab" };
  /** @param {import("./formats.js").Choice} choice */
  const link = ({ name, label, opens }) =>
    make("a", { class: "button small", href: resultAddress(job.id, name), ...(opens ? newTab : { "data-format": name }) }, label);
  const others = make("details", {},
    make("summary", {}, counted(more.length, "more format")),
    make("div", { class: "downloads" }, ...more.map(link)));
  return [
    make("a", { class: "button strong", href: resultAddress(job.id, PAGE), ...newTab }, "Open"),
    make("div", { class: "downloads" }, make("span", { class: "fact" }, "Download"), ...usual.map(link)),
    ...(more.length ? [others] : []),
  ];
}
