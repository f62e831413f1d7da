// The dialogs: keys, the speaker of a line, words for speech that has none.

import { byId, chip, make, setChildren } from "./dom.js";
import { KEYS, keyNames } from "./keys.js";
import { colourOf } from "./speakers.js";

/** @typedef {import("./speakers.js").Person} Person */

/** The value of the option for a new speaker: no number of a person. */
const NEW_SPEAKER = 0;

/**
 * @typedef {object} SpeakerChoice
 * @property {"rename" | "give" | "new"} action
 * @property {string} name   new name, or empty
 * @property {Person} [person] who gets the words
 */

/** Fills the dialog of keys from the table. */
export function fillHelp() {
  const groups = [...new Set(KEYS.map((row) => row.group))];
  setChildren(byId("help-keys"), groups.map((group) =>
    make("section", {}, make("h3", {}, group),
      make("dl", {}, ...KEYS.filter((row) => row.group === group).map((row) =>
        make("div", {}, make("dt", {}, ...keyNames(row).map((name) => make("kbd", {}, name))), make("dd", {}, row.help)))))));
}

/**
 * Asks who speaks.
 * @param {{ title: string, person: Person, people: readonly Person[], candidates: readonly string[],
 *   choose: (choice: SpeakerChoice) => void, canGive: boolean }} options
 */
export function askSpeaker({ title, person, people, candidates, choose, canGive }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("speaker-dialog"));
  const name = /** @type {HTMLInputElement} */ (byId("speaker-name"));
  const fresh = /** @type {HTMLInputElement} */ (byId("new-name"));
  byId("speaker-title").textContent = title;
  byId("speaker-give").hidden = !canGive;
  byId("speaker-old").textContent = person.name;
  name.value = person.name;
  fresh.value = "";
  setChildren(byId("speaker-people"), people.map((each) =>
    make("button", { type: "button", class: "person", "data-give": each.number, "aria-pressed": each === person },
      chip(each, colourOf(each)), make("span", { class: "name" }, each.name))));
  setChildren(byId("speaker-candidates"), candidates.map((each) =>
    make("button", { type: "button", class: "small", "data-name": each }, each)));

  /** @param {SpeakerChoice} choice */
  function finish(choice) {
    dialog.close();
    choose(choice);
  }

  byId("rename-form").onsubmit = (event) => {
    event.preventDefault();
    if (nameIn(name)) finish({ action: "rename", name: nameIn(name) });
  };
  byId("new-form").onsubmit = (event) => {
    event.preventDefault();
    finish({ action: "new", name: nameIn(fresh) });
  };
  dialog.onclick = (event) => {
    const target = /** @type {Element} */ (event.target);
    const give = target.closest("[data-give]")?.getAttribute("data-give");
    const proposed = target.closest("[data-name]")?.getAttribute("data-name");
    if (give) finish({ action: "give", name: "", person: people[Number(give) - 1] });
    else if (proposed) finish({ action: "rename", name: proposed });
  };
  dialog.showModal();
  name.select();
}

/**
 * The name in a field, without the invisible characters that text from elsewhere may bring; the two joiners stay.
 * @param {HTMLInputElement} field
 */
function nameIn(field) {
  return field.value.replace(/(?![\u200c\u200d])[\p{Cc}\p{Cf}]/gu, "").trim();
}

/**
 * Asks for words.
 * @param {{ title: string, people: readonly Person[], person: Person | undefined,
 *   write: (person: Person | undefined, text: string) => void }} options  nobody: a new speaker
 */
export function askWords({ title, people, person, write }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("words-dialog"));
  const field = /** @type {HTMLTextAreaElement} */ (byId("words-text"));
  const who = /** @type {HTMLSelectElement} */ (byId("words-speaker"));
  byId("words-title").textContent = title;
  field.value = "";
  setChildren(who, [
    ...people.map((each) => make("option", { value: each.number, selected: each === person }, each.name)),
    make("option", { value: NEW_SPEAKER }, "A new speaker"),
  ]);
  byId("words-form").onsubmit = (event) => {
    event.preventDefault();
    dialog.close();
    if (field.value.trim()) write(people[Number(who.value) - 1], field.value);
  };
  dialog.showModal();
  field.focus();
}

/**
 * Asks what kind of item words are.
 * @param {string} words
 * @param {(kind: string) => void} choose
 */
export function askKind(words, choose) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("item-dialog"));
  byId("item-words").textContent = words;
  byId("item-kinds").onclick = (event) => {
    const kind = /** @type {Element} */ (event.target).closest("[data-kind]")?.getAttribute("data-kind");
    if (!kind) return;
    dialog.close();
    choose(kind);
  };
  dialog.showModal();
}

/** Closes a dialog by its button or a click beside it. */
export function makeDialogsClosable() {
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      if (isBeside(dialog, event) || target.closest("[data-close]")) dialog.close();
    });
  }
}

/**
 * @param {Element} dialog
 * @param {MouseEvent} event
 */
function isBeside(dialog, event) {
  const box = dialog.getBoundingClientRect();
  const { clientX: x, clientY: y } = event;
  return event.target === dialog && (x < box.left || x > box.right || y < box.top || y > box.bottom);
}
