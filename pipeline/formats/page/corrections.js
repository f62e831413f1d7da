// Applies operations to the state of the transcript. Pure: a state is never changed, lines that stay are the same objects.

import { endOf, joinWords, SAME_TIME, startOf } from "./model.js";
import { markOf, marksOf, withMovedWords } from "./marks.js";
import { retexted } from "./retexting.js";

/** @typedef {import("./model.js").Word} Word */
/** @typedef {import("./model.js").Line} Line */
/** @typedef {import("./model.js").Operation} Operation */
/** @typedef {import("./model.js").State} State */
/** @typedef {import("./model.js").Page} Page */
/** @typedef {{ index: number, first: number, after: number }} Place */

/**
 * The state of a transcript before any change on this page.
 * @param {Page} page
 * @returns {State}
 */
export function beginning(page) {
  const names = new Map(page.speakers.map((speaker, i) => [speaker, page.names[i]]));
  const checks = page.ledger.filter((each) => each.operation === "check" && !each.problem);
  return {
    lines: checks.length ? page.lines.map((line) => withChecks(line, checks)) : page.lines,
    speakers: page.speakers, names, ledger: page.ledger, operations: [], dismissed: new Set(),
    marks: marksOf(page.minutes),
  };
}

/**
 * The line, as checked where its speaker's words were all in checked lines; they may have been edited, split or merged since.
 * @param {Line} line
 * @param {readonly Operation[]} checks of the ledger
 * @returns {Line}
 */
function withChecks(line, checks) {
  const own = checks.filter((check) => check.speaker === line.speaker && (check.end ?? 0) > startOf(line));
  const found = line.words.map((word) => own.find(({ start = 0, end = 0 }) =>
    start < word.start + SAME_TIME && word.end < end + SAME_TIME));
  return found.every(Boolean) ? { ...line, check: found[0] ?? null } : line;
}

/**
 * The state after an operation; the same state when its place is not found.
 * @param {State} state
 * @param {Operation} operation
 * @returns {State}
 */
export function apply(state, operation) {
  const changed = CHANGES[operation.operation](state, operation);
  if (changed === state) return state;
  const kept = operation.operation === "name" ? state.operations.filter((each) => !isName(each, operation.speaker)) : null;
  return { ...changed, operations: [...(kept ?? state.operations), operation] };
}

/**
 * The state without a check, or a correction of the minutes.
 * @param {State} state
 * @param {Operation} taken
 * @returns {State}
 */
export function withoutOperation(state, taken) {
  const lines = state.lines.map((line) => (line.check && same(line.check, taken) ? { ...line, check: null } : line));
  const others = (/** @type {readonly Operation[]} */ all) => all.filter((each) => !same(each, taken));
  const marks = state.marks.filter(({ operation }) => !operation || !same(operation, taken));
  return { ...state, lines, ledger: others(state.ledger), operations: others(state.operations), marks };
}

/**
 * The first label that no speaker has.
 * @param {State} state
 */
export function freeLabel(state) {
  for (let number = 0; ; number += 1) {
    const label = `SPEAKER_${String(number).padStart(2, "0")}`;
    if (!state.speakers.includes(label)) return label;
  }
}

/** @type {Record<Operation["operation"], (state: State, operation: Operation) => State>} */
const CHANGES = { name, assign, text, split, join, check: checkLine, include: markItem, exclude: markItem };

/**
 * @param {State} state
 * @param {Operation} operation
 * @returns {State}
 */
function name(state, { speaker, after = "" }) {
  const known = withSpeaker(state, speaker);
  return { ...known, names: new Map(known.names).set(speaker, after) };
}

/**
 * @param {State} state
 * @param {Operation} operation
 * @returns {State}
 */
function assign(state, operation) {
  const place = find(state.lines, operation);
  if (!place) return state;
  const line = state.lines[place.index];
  const to = operation.after ?? "";
  const [moved] = part(line, place.first, place.after).map((words) => ({ ...words, speaker: to, check: null }));
  const parts = [...part(line, 0, place.first), moved, ...part(line, place.after)];
  const marks = withMovedWords(state.marks, line.speaker, moved);
  return { ...withSpeaker(state, to), lines: replaced(state.lines, place.index, parts), marks };
}

/**
 * @param {State} state
 * @param {Operation} operation
 * @returns {State}
 */
function text(state, operation) {
  const { speaker, before = "", after = "", left, right } = operation;
  const place = before ? find(state.lines, operation) : findGap(state.lines, operation);
  const texts = after.split(/\s+/u).filter(Boolean);
  if (!place) {
    if (before || !after || left || right || hasWords(state.lines, operation)) return state;
    const span = { start: operation.start ?? 0, end: operation.end ?? 0 };
    const line = { speaker, words: retexted([], texts, span, speaker), check: null };
    return { ...withSpeaker(state, speaker), lines: sorted([...state.lines, line]) };
  }
  const line = state.lines[place.index];
  const around = before ? { first: place.first, after: place.after } : { first: place.first - 1, after: place.after + 1 };
  const old = line.words.slice(around.first, around.after);
  const wanted = before ? texts : [old[0].text, ...texts, old[1].text];
  const span = { start: old[0].start, end: Math.max(...old.map((word) => word.end)) };
  const written = retexted(old, wanted, span, line.words[0].home);
  if (written.length) written[0] = { ...written[0], attached: old[0].attached };
  if (!before) written[written.length - 1] = { ...written[written.length - 1], attached: old[1].attached };
  const words = [...line.words.slice(0, around.first), ...written, ...line.words.slice(around.after)];
  return { ...state, lines: replaced(state.lines, place.index, words.length ? [{ ...line, words }] : []) };
}

/**
 * @param {State} state
 * @param {Operation} operation
 * @returns {State}
 */
function split(state, operation) {
  const place = find(state.lines, operation);
  if (!place || place.first === 0) return state;
  const line = state.lines[place.index];
  const parts = [...part(line, 0, place.first), ...part(line, place.first)];
  return { ...state, lines: replaced(state.lines, place.index, parts) };
}

/**
 * @param {State} state
 * @param {Operation} operation
 * @returns {State}
 */
function join(state, operation) {
  const place = find(state.lines, operation, true);
  const before = place ? lineBefore(state.lines, place.index) : -1;
  if (!place || before < 0) return state;
  const one = state.lines[before];
  const two = state.lines[place.index];
  const words = [...one.words, ...two.words].sort((a, b) => a.start - b.start);
  const lines = state.lines.filter((_, i) => i !== place.index);
  lines[before] = { ...one, words, check: one.check && two.check };
  return { ...state, lines };
}

/**
 * @param {State} state
 * @param {Operation} operation
 * @returns {State}
 */
function checkLine(state, operation) {
  const index = state.lines.findIndex(
    (line) =>
      line.speaker === operation.speaker && Math.abs(startOf(line) - (operation.start ?? 0)) < SAME_TIME &&
      joinWords(line.words) === operation.before,
  );
  if (index < 0) return state;
  const lines = [...state.lines];
  lines[index] = { ...lines[index], check: operation };
  return { ...state, lines };
}

/**
 * @param {State} state
 * @param {Operation} operation
 * @returns {State}
 */
function markItem(state, operation) {
  const made = markOf(state.lines, operation);
  return made ? { ...state, marks: [...state.marks, made] } : state;
}

/**
 * The index of the same speaker's line before a line, or -1.
 * @param {readonly Line[]} lines
 * @param {number} index
 * @param {readonly string[]} [labels] of the speaker
 */
export function lineBefore(lines, index, labels = [lines[index].speaker]) {
  for (let i = index - 1; i >= 0; i -= 1) if (labels.includes(lines[i].speaker)) return i;
  return -1;
}

/**
 * The words of a line from `first` to before `after`, as no line or one.
 * @param {Line} line
 * @param {number} first
 * @param {number} [after]
 * @returns {Line[]}
 */
function part(line, first, after) {
  const words = line.words.slice(first, after);
  return words.length ? [{ ...line, words }] : [];
}

/**
 * @param {readonly Line[]} lines
 * @param {number} index
 * @param {readonly Line[]} by
 */
function replaced(lines, index, by) {
  return sorted([...lines.slice(0, index), ...by, ...lines.slice(index + 1)]);
}

/** @param {Line[]} lines */
function sorted(lines) {
  return lines.sort((one, two) => startOf(one) - startOf(two));
}

/**
 * @param {State} state
 * @param {string} speaker
 * @returns {State}
 */
function withSpeaker(state, speaker) {
  if (state.speakers.includes(speaker)) return state;
  return {
    ...state, speakers: [...state.speakers, speaker], names: new Map(state.names).set(speaker, speaker),
  };
}

/**
 * Where the words of an operation are: the line, the first word and one after the last.
 * @param {readonly Line[]} lines
 * @param {Operation} operation
 * @param {boolean} [atBeginning] only at the beginning of a line
 * @returns {Place | null}
 */
function find(lines, { speaker, start = 0, before = "" }, atBeginning = false) {
  for (let index = 0; index < lines.length; index += 1) {
    const { words } = lines[index];
    if (lines[index].speaker !== speaker || words[0].start > start + SAME_TIME) continue;
    for (let first = 0; first < (atBeginning ? 1 : words.length); first += 1) {
      if (Math.abs(words[first].start - start) > SAME_TIME) continue;
      for (let after = first + 1; after <= words.length; after += 1) {
        const found = joinWords(words.slice(first, after));
        if (found === before) return { index, first, after };
        if (found.length > before.length) break;
      }
    }
  }
  return null;
}

/**
 * Where words are inserted: between two words of a line, by the time and the words beside it.
 * @param {readonly Line[]} lines
 * @param {Operation} operation
 * @returns {Place | null}
 */
function findGap(lines, { speaker, start = 0, left = "", right = "" }) {
  if (!left && !right) return null;
  for (let index = 0; index < lines.length; index += 1) {
    const { words } = lines[index];
    if (lines[index].speaker !== speaker) continue;
    for (let first = 1; first < words.length; first += 1) {
      const here = Math.abs(words[first - 1].end - start) < SAME_TIME;
      const beside = joinWords(words.slice(0, first)).endsWith(left) && joinWords(words.slice(first)).startsWith(right);
      if (here && beside) return { index, first, after: first };
    }
  }
  return null;
}

/**
 * Whether a line of the speaker lies at the time of the operation.
 * @param {readonly Line[]} lines
 * @param {Operation} operation
 */
function hasWords(lines, { speaker, start = 0, end = 0 }) {
  return lines.some((line) => line.speaker === speaker && startOf(line) < end && endOf(line) > start);
}

/**
 * Whether an operation is a name of the speaker: a later one takes its place.
 * @param {Operation} operation
 * @param {string} speaker
 */
function isName(operation, speaker) {
  return operation.operation === "name" && operation.speaker === speaker;
}

/**
 * @param {Operation} one
 * @param {Operation} two
 */
function same(one, two) {
  return JSON.stringify(one) === JSON.stringify(two);
}
