// Edits the text of a line in its place: Enter keeps it, Escape cancels.

import { make } from "./dom.js";
import { joinWords } from "./model.js";

/** @typedef {import("./model.js").Line} Line */

/**
 * @param {Line} line
 * @param {HTMLElement} element of the line
 * @param {(text: string | null, byKey: boolean) => void} done called once, with the new text or null
 */
export function openEditor(line, element, done) {
  const paragraph = /** @type {HTMLElement} */ (element.querySelector(".words"));
  const text = joinWords(line.words);
  const field = /** @type {HTMLTextAreaElement} */ (
    make("textarea", { class: "editor", rows: 1, "aria-label": "Text of the line", dir: "auto", spellcheck: "true" })
  );
  field.value = text;
  let open = true;

  /**
   * @param {boolean} keep
   * @param {boolean} byKey
   */
  function close(keep, byKey) {
    if (!open) return;
    open = false;
    field.remove();
    paragraph.hidden = false;
    done(keep ? field.value : null, byKey);
  }

  function fit() {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  }

  field.addEventListener("input", fit);
  field.addEventListener("blur", () => close(true, false));
  addEventListener("pagehide", () => close(true, false), { once: true });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
    event.preventDefault();
    event.stopPropagation();
    close(event.key === "Enter", true);
  });
  paragraph.hidden = true;
  paragraph.after(field);
  fit();
  field.focus();
}
