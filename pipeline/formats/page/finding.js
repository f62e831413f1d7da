// Finds the words at a time by binary search, and the state of doubts.

import { endOf, joinWords, startOf } from "./model.js";

/** @typedef {import("./model.js").Line} Line */
/** @typedef {import("./model.js").State} State */
/** @typedef {import("./model.js").Doubt} Doubt */
/** @typedef {{ line: Line, word: number }} Place */

/** Characters of a line that labels and messages quote at most. */
const QUOTED = 40;

/**
 * The lines with the latest end up to each, for `wordsAt`.
 * @param {readonly Line[]} lines sorted by start
 */
export function timeIndex(lines) {
  let latest = -Infinity;
  const ends = lines.map((line) => (latest = Math.max(latest, endOf(line))));
  return { lines, starts: lines.map(startOf), ends };
}

/**
 * The words that are said at a time: of each line at most one.
 * @param {ReturnType<typeof timeIndex>} index
 * @param {number} time
 * @returns {Place[]}
 */
export function wordsAt({ lines, starts, ends }, time) {
  const found = [];
  for (let i = lastAtOrBefore(starts, time); i >= 0 && ends[i] > time; i -= 1) {
    const { words } = lines[i];
    const word = lastAtOrBefore(words, time, (each) => each.start);
    if (word >= 0 && words[word].end > time) found.push({ line: lines[i], word });
  }
  return found.reverse();
}

/**
 * The last line that begins at or before a time, or the first line.
 * @param {ReturnType<typeof timeIndex>} index
 * @param {number} time
 * @returns {Line | undefined}
 */
export function lineAt({ lines, starts }, time) {
  return lines[Math.max(0, lastAtOrBefore(starts, time))];
}

/**
 * @template T
 * @param {readonly T[]} items sorted by their time
 * @param {number} time
 * @param {(item: T) => number} [timeOf]
 */
function lastAtOrBefore(items, time, timeOf = Number) {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeOf(items[middle]) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * The line of each word of the transcript that is still there, by the word's number.
 * @param {State} state
 */
export function linesOfWords(state) {
  /** @type {Map<number, Line>} */
  const found = new Map();
  for (const line of state.lines) for (const word of line.words) if (word.id >= 0) found.set(word.id, line);
  return found;
}

/**
 * The lines that a doubt is about.
 * @param {Doubt} doubt
 * @param {State} state
 * @param {ReadonlyMap<number, Line>} lines of `linesOfWords`
 * @returns {Line[]}
 */
export function linesOf(doubt, state, lines) {
  if (doubt.words.length) {
    return [...new Set(doubt.words.flatMap((id) => lines.get(id) ?? []))];
  }
  if (doubt.kind === "uncovered") return [];
  const inside = (/** @type {Line} */ line) =>
    line.words.some((word) => word.start < doubt.end && word.end > doubt.start) &&
    (doubt.speaker === null || line.speaker === doubt.speaker);
  return state.lines.filter(inside);
}

/**
 * Whether a doubt was dealt with: its words were checked, replaced or given to another speaker; it was dismissed.
 * @param {Doubt} doubt
 * @param {number} number of the doubt
 * @param {State} state
 * @param {State} start the state before any change
 * @param {ReadonlyMap<number, Line>} lines of `linesOfWords`
 */
export function isSettled(doubt, number, state, start, lines) {
  if (state.dismissed.has(number)) return true;
  if (doubt.words.length) {
    const open = doubt.words.filter((id) => {
      const line = lines.get(id);
      return line && !line.check && line.words.find((word) => word.id === id)?.home === line.speaker;
    });
    return !open.length;
  }
  if (doubt.kind === "name" && doubt.speaker !== null) {
    return state.names.get(doubt.speaker) !== start.names.get(doubt.speaker);
  }
  if (doubt.kind === "uncovered") {
    return state.lines.some((line) => line.words.some((word) => word.start >= doubt.start && word.end <= doubt.end));
  }
  const concerned = linesOf(doubt, state, lines);
  return concerned.length > 0 && concerned.every((line) => line.check);
}

/**
 * The line that has taken the place of another after a change.
 * @param {readonly Line[]} lines
 * @param {Line | null} old
 * @returns {Line | null}
 */
export function successor(lines, old) {
  if (!old || !lines.length || lines.includes(old)) return lines.length ? old : null;
  const first = old.words[0];
  const sameWord = lines.find((line) => line.words.some((word) => word === first || (first.id >= 0 && word.id === first.id)));
  if (sameWord) return sameWord;
  const away = (/** @type {Line} */ line) =>
    Math.abs(startOf(line) - first.start) + (line.speaker === old.speaker ? 0 : 0.5);
  return lines.reduce((best, line) => (away(line) < away(best) ? line : best));
}

/**
 * The beginning of a line's text, for labels and messages.
 * @param {Line} line
 */
export function quote(line) {
  const text = joinWords(line.words);
  const beginning = [...text].slice(0, QUOTED).join("");
  return beginning === text ? text : `${beginning.replace(/\s+\S*$/u, "")} …`;
}
