// Items of the minutes as spans of time: they follow their words through corrections, and people add and reject them.
// `pipeline/corrections/marks.py` and `pipeline/minutes/corrected.py` do the same.

import { joinWords } from "./model.js";

/** @typedef {import("./model.js").Word} Word */
/** @typedef {import("./model.js").Line} Line */
/** @typedef {import("./model.js").Mark} Mark */
/** @typedef {import("./model.js").Operation} Operation */
/** @typedef {import("./model.js").State} State */
/** @typedef {{ line: Line, first: number, after: number }} Run */

/**
 * @typedef {object} Group  the words of an item that one speaker says
 * @property {string} speaker
 * @property {number} start
 * @property {number} end
 * @property {string} text
 * @property {readonly Run[]} runs  one for each line
 */

/**
 * @typedef {object} Entry  an item as it is shown
 * @property {Mark} mark
 * @property {readonly Group[]} groups      at least one
 * @property {number} start
 * @property {number} end
 * @property {readonly Operation[]} rejections  those by which people took it out; empty while it is in the minutes
 */

/** Share of the shorter of two spans above which they are the same words, as in `pipeline.minutes.corrected.SHARED`. */
const SHARED = 0.5;

/**
 * The marks of the items that the file has.
 * @param {import("./model.js").Minutes | null} minutes
 * @returns {Mark[]}
 */
export function marksOf(minutes) {
  if (!minutes) return [];
  const mentions = [...minutes.agenda, ...minutes.previous].flatMap((each) => each.mention ?? []);
  return [...minutes.items, ...mentions].map((item) => ({ kind: item.kind, spans: item.spans, operation: null, item }));
}

/**
 * The mark of an operation, or null where the speaker has no words at its time.
 * @param {readonly Line[]} lines
 * @param {Operation} operation
 * @returns {Mark | null}
 */
export function markOf(lines, operation) {
  const { speaker, start = 0, end = 0, after = "" } = operation;
  const mark = { kind: after, spans: [{ speaker, start, end }], operation, item: null };
  return groupsOf(mark, lines).length ? mark : null;
}

/**
 * The marks after words of a line were given to another speaker.
 * @param {readonly Mark[]} marks
 * @param {string} source
 * @param {Line} moved
 */
export function withMovedWords(marks, source, moved) {
  return marks.map((mark) => {
    const words = moved.words.filter((word) => has(mark, source, word));
    if (!words.length) return mark;
    return { ...mark, spans: [...mark.spans, { speaker: moved.speaker, ...extent(words) }] };
  });
}

/**
 * The present words of a mark, by speaker; none where they were deleted.
 * @param {Mark} mark
 * @param {readonly Line[]} lines sorted by start
 * @returns {Group[]}
 */
export function groupsOf(mark, lines) {
  const last = Math.max(...mark.spans.map((span) => span.end));
  /** @type {Map<string, Run[]>} */
  const runs = new Map();
  for (const line of lines) {
    if (line.words[0].start > last) break;
    if (!mark.spans.some((span) => span.speaker === line.speaker)) continue;
    const inside = line.words.flatMap((word, i) => (has(mark, line.speaker, word) ? [i] : []));
    if (!inside.length) continue;
    const run = { line, first: inside[0], after: inside[inside.length - 1] + 1 };
    runs.set(line.speaker, [...(runs.get(line.speaker) ?? []), run]);
  }
  return [...runs].map(([speaker, own]) => {
    const words = own.flatMap(({ line, first, after }) => line.words.slice(first, after));
    return { speaker, ...extent(words), text: joinWords(words), runs: own };
  });
}

/**
 * A mark as it is shown, or null where no word of it is left.
 * @param {Mark} mark
 * @param {readonly Line[]} lines sorted by start
 * @returns {Entry | null}
 */
export function entryOf(mark, lines) {
  const groups = groupsOf(mark, lines);
  return groups.length ? { mark, groups, ...extent(groups), rejections: [] } : null;
}

/**
 * The items of a kind in order of time, as people corrected them.
 * @param {State} state
 * @param {string} kind
 * @returns {Entry[]}
 */
export function entriesOf(state, kind) {
  const all = state.marks.flatMap((mark) => (mark.kind === kind ? entryOf(mark, state.lines) ?? [] : []));
  const entries = all.flatMap((each, i) => {
    if (each.mark.operation?.operation === "exclude") return [];
    const later = all.slice(i + 1).filter((other) => other.mark.operation && areSame(each.groups, other.groups));
    if (later.some((other) => other.mark.operation?.operation === "include")) return []; // it is shown as it was added
    return [{ ...each, rejections: later.flatMap(({ mark }) => mark.operation ?? []) }];
  });
  return entries.sort((one, two) => one.start - two.start);
}

/**
 * Whether the groups have the same words of a speaker.
 * @param {readonly Group[]} one
 * @param {readonly Group[]} other
 */
function areSame(one, other) {
  return one.some((a) => other.some((b) => {
    const shared = Math.min(a.end, b.end) - Math.max(a.start, b.start);
    return a.speaker === b.speaker && shared > SHARED * Math.min(a.end - a.start, b.end - b.start);
  }));
}

/**
 * @param {Mark} mark
 * @param {string} speaker
 * @param {Word} word
 */
function has(mark, speaker, word) {
  const middle = (word.start + word.end) / 2;
  return mark.spans.some((span) => span.speaker === speaker && span.start <= middle && middle <= span.end);
}

/** @param {readonly { start: number, end: number }[]} spans */
function extent(spans) {
  return { start: Math.min(...spans.map((each) => each.start)), end: Math.max(...spans.map((each) => each.end)) };
}
