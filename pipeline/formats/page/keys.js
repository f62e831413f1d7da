// The table of keys: the handler and the help are made from it.

/**
 * @typedef {object} Key
 * @property {string} command   name of the command
 * @property {readonly string[]} keys  as `event.key`, with "Ctrl+" and "Shift+" where they count
 * @property {string} help
 * @property {string} group
 * @property {boolean} [typing] also while text is edited
 */

/** @type {readonly Key[]} */
export const KEYS = [
  { group: "Listen", command: "toggle", keys: ["Ctrl+Space"], typing: true, help: "Play, from a second earlier, or pause" },
  { group: "Listen", command: "toggle", keys: ["Escape"], help: "The same, when no text is edited and no dialog is open" },
  { group: "Listen", command: "playHere", keys: ["Enter"], help: "Play from the chosen word, or the beginning of the line" },
  { group: "Listen", command: "back", keys: [","], help: "5 seconds back" },
  { group: "Listen", command: "forward", keys: ["."], help: "5 seconds forward" },
  { group: "Listen", command: "slower", keys: ["["], help: "Slower" },
  { group: "Listen", command: "faster", keys: ["]"], help: "Faster" },
  { group: "Listen", command: "loop", keys: ["l"], help: "Repeat the line, on or off" },
  { group: "Move", command: "nextDoubt", keys: ["n"], help: "Next passage to check, and play it" },
  { group: "Move", command: "previousDoubt", keys: ["Shift+N"], help: "Passage to check before it, and play it" },
  { group: "Move", command: "toMinutes", keys: ["g"], help: "Go to the minutes" },
  { group: "Move", command: "nextLine", keys: ["ArrowDown"], help: "Next line" },
  { group: "Move", command: "previousLine", keys: ["ArrowUp"], help: "Line before" },
  { group: "Move", command: "nextWord", keys: ["ArrowRight"], help: "Next word of the line" },
  { group: "Move", command: "previousWord", keys: ["ArrowLeft"], help: "Word before" },
  { group: "Move", command: "extendRight", keys: ["Shift+ArrowRight"], help: "Select words to the right" },
  { group: "Move", command: "extendLeft", keys: ["Shift+ArrowLeft"], help: "Select words to the left" },
  { group: "Correct", command: "give", keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
    help: "Give the selected words, or the line, to this speaker" },
  { group: "Correct", command: "giveNew", keys: ["0"], help: "Give them to a new speaker" },
  { group: "Correct", command: "speakerMenu", keys: ["r"], help: "Rename the speaker, or choose another one" },
  { group: "Correct", command: "edit", keys: ["e"], help: "Edit the text of the line (Enter: keep, Esc: cancel)" },
  { group: "Correct", command: "insert", keys: ["i"], help: "Write words where speech has none" },
  { group: "Correct", command: "split", keys: ["s"], help: "Split the line before the chosen word" },
  { group: "Correct", command: "join", keys: ["m"], help: "Merge with the same speaker's line before" },
  { group: "Correct", command: "check", keys: ["c"], help: "Mark the line as checked, on or off" },
  { group: "Correct", command: "add", keys: ["a"], help: "Add the selected words, or the line, to the minutes" },
  { group: "Keep", command: "undo", keys: ["u", "Ctrl+Z"], help: "Undo" },
  { group: "Keep", command: "redo", keys: ["Shift+U", "Ctrl+Y", "Ctrl+Shift+Z"], help: "Redo" },
  { group: "Keep", command: "download", keys: ["d"], help: "Download the corrections" },
  { group: "Keep", command: "save", keys: ["Ctrl+S"], typing: true,
    help: "Save them to the server that made the page, or download them; also while text is edited" },
  { group: "Keep", command: "help", keys: ["?"], help: "This list" },
];

/** How keys are written for people. */
const SPELLINGS = new Map([
  ["ArrowDown", "↓"], ["ArrowUp", "↑"], ["ArrowLeft", "←"], ["ArrowRight", "→"], ["Escape", "Esc"],
]);

/**
 * @typedef {object} Pressed  the fields of a `KeyboardEvent` that count
 * @property {string} key
 * @property {boolean} ctrlKey
 * @property {boolean} metaKey
 * @property {boolean} altKey
 * @property {boolean} shiftKey
 */

/**
 * The row of a pressed key.
 * @param {Pressed} event
 * @param {boolean} typing whether text is edited
 * @param {boolean} [singleKeys] whether keys without Ctrl work
 * @returns {Key | null}
 */
export function keyOf(event, typing, singleKeys = true) {
  if (event.altKey) return null;
  const name = nameOf(event);
  const row = KEYS.find((each) => each.keys.includes(name));
  if (!row || (typing && !row.typing)) return null;
  const single = [...name].length === 1;
  return single && !singleKeys ? null : row;
}

/** @param {Pressed} event */
export function nameOf(event) {
  const key = event.key === " " ? "Space" : event.key;
  const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const letter = /^\p{L}$/u.test(key);
  const shift = event.shiftKey && (letter || key.length > 1) ? "Shift+" : "";
  if (!letter) return control + shift + key;
  return control + shift + (control || shift ? key.toUpperCase() : key.toLowerCase());
}

/**
 * A key as the help shows it.
 * @param {string} name
 */
function spelled(name) {
  return name.split("+").map((part) => SPELLINGS.get(part) ?? (part.length === 1 ? part.toUpperCase() : part)).join(" ");
}

/**
 * The keys of a row as the help shows them; many are shown as a range.
 * @param {Key} row
 */
export function keyNames(row) {
  const names = row.keys.map(spelled);
  return names.length > 3 ? [`${names[0]} – ${names[names.length - 1]}`] : names;
}

/**
 * The key of a command, for the label of its button; empty without one.
 * @param {string} command
 */
export function shortcut(command) {
  const row = KEYS.find((each) => each.command === command);
  return row ? keyNames(row)[0] : "";
}
