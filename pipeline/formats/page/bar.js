// The bar of corrections: what is chosen, who may get it, and what was changed.

import { byId, chip, make, redraw } from "./dom.js";
import { colourOf } from "./speakers.js";

/** @typedef {import("./app.js").App} App */

/** Speakers with a button; digits have no more, and the others are in the dialog. */
const BUTTONS = 9;

/**
 * @param {App} app
 * @param {() => string} what the chosen words, for people
 */
export function createBar(app, what) {
  function update() {
    const [line] = [app.selection.line];
    const own = line ? app.personOf(line.speaker) : null;
    redraw(byId("bar-people"), app.people.slice(0, BUTTONS).map((person) =>
      make("button", { class: "person", "data-key": person.number, "aria-pressed": person === own,
        title: `Give to ${person.name} (${person.number})` },
      chip(person, colourOf(person)), make("span", { class: "name" }, person.name))));
    status();
    target();
  }

  function target() {
    byId("bar-give").hidden = byId("bar-actions").hidden = !app.selection.line;
    byId("bar-hint").hidden = Boolean(app.selection.line);
    byId("bar-target").textContent = what();
    const line = app.selection.line;
    for (const button of byId("bar-people").children) {
      const number = Number(button.getAttribute("data-key"));
      button.setAttribute("aria-pressed", String(Boolean(line && app.personOf(line.speaker).number === number)));
    }
    byId("bar-check").setAttribute("aria-pressed", String(Boolean(line?.check)));
  }

  function status() {
    const { changes } = app;
    /** @type {HTMLButtonElement} */ (byId("undo")).disabled = !app.canUndo;
    /** @type {HTMLButtonElement} */ (byId("redo")).disabled = !app.canRedo;
    const count = changes ? `${changes} change${changes === 1 ? "" : "s"}` : "no changes";
    byId("status").textContent = changes || app.wasSaved ? `${count}, ${where()}` : count;
  }

  /** Where the corrections are, besides the storage of the browser. */
  function where() {
    if (app.isSaved) return "saved";
    if (app.isDownloaded) return "downloaded";
    if (app.page.save) return "not saved";
    return app.kept ? "not downloaded" : "not saved: download them";
  }

  return { update, target };
}
