// Makes operations from what a person does: each is anchored in time and text. `corrections.js` applies them.

import { endOf, joinWords, rounded, startOf } from "./model.js";

/** @typedef {import("./model.js").Word} Word */
/** @typedef {import("./model.js").Line} Line */
/** @typedef {import("./model.js").Operation} Operation */
/** @typedef {import("./marks.js").Run} Run */

/** Words of context on each side of a correction, as in `pipeline.core.correction.CONTEXT`. */
const CONTEXT = 4;
/** Seconds of a pause inside a line in which words may be missing. Chosen by hand: longer than a pause for breath. */
const LONG_PAUSE = 1.5;
/** Seconds between a new line and the speaker's others: more than the rounding of times. */
const MARGIN = 0.002;
/** Seconds that new words take at least. Chosen by hand: shorter than any word. */
const SHORTEST = 0.05;

/**
 * @param {string} speaker
 * @param {string} name
 * @returns {Operation}
 */
export function nameOperation(speaker, name) {
  return { operation: "name", speaker, after: name };
}

/**
 * The words from `first` to before `after` go to the speaker `to`.
 * @param {Line} line
 * @param {number} first
 * @param {number} after
 * @param {string} to
 * @returns {Operation}
 */
export function assignOperation(line, first, after, to) {
  return { operation: "assign", ...place(line, first, after), after: to };
}

/**
 * @param {Line} line
 * @param {number} index of the first word of the second line
 * @returns {Operation}
 */
export function splitOperation(line, index) {
  return { operation: "split", ...place(line, index, index + 1) };
}

/**
 * @param {Line} line that continues the same speaker's line before it
 * @returns {Operation}
 */
export function joinOperation(line) {
  return { operation: "join", ...place(line, 0, 1) };
}

/**
 * @param {Line} line
 * @returns {Operation}
 */
export function checkOperation(line) {
  const before = joinWords(line.words);
  return { operation: "check", speaker: line.speaker, start: startOf(line), end: rounded(endOf(line)), before };
}

/**
 * Words of one or several lines as an item of the minutes: an operation for each speaker.
 * @param {string} kind
 * @param {readonly Run[]} runs in order of lines
 * @returns {Operation[]}
 */
export function includeOperations(kind, runs) {
  return [...new Set(runs.map(({ line }) => line.speaker))].map((speaker) => {
    const own = runs.filter(({ line }) => line.speaker === speaker);
    const words = own.flatMap(({ line, first, after }) => line.words.slice(first, after));
    const places = own.map(({ line, first, after }) => place(line, first, after));
    const [{ left }, { right }] = [places[0], places[places.length - 1]];
    const start = Math.min(...places.map((each) => each.start));
    const end = Math.max(...places.map((each) => each.end));
    return { operation: "include", speaker, start, end, before: joinWords(words), left, right, after: kind };
  });
}

/**
 * Words that are no item of the minutes: an operation for each line.
 * @param {string} kind
 * @param {readonly Run[]} runs
 * @returns {Operation[]}
 */
export function excludeOperations(kind, runs) {
  return runs.map(({ line, first, after }) => ({ operation: "exclude", ...place(line, first, after), after: kind }));
}

/**
 * Words where the speech of a speaker has none: a new line in the free part of the time, or new words between those of
 * a line that goes on. Null where the speaker has words all the time.
 * @param {readonly Line[]} lines
 * @param {string} speaker
 * @param {number} start
 * @param {number} end
 * @param {string} text
 * @returns {Operation | null}
 */
export function insertOperation(lines, speaker, start, end, text) {
  const after = normal(text);
  const own = lines.filter(
    (line) => line.speaker === speaker && startOf(line) < end + MARGIN && endOf(line) > start - MARGIN,
  );
  const inside = own.flatMap((line) => gapsOf(line)).find((gap) => gap.start < end && gap.end > start);
  if (inside) return { operation: "text", ...place(inside.line, inside.index, inside.index), ...times(inside), after };
  for (const line of own) {
    if (startOf(line) > start) end = Math.min(end, startOf(line) - MARGIN);
    else start = Math.max(start, endOf(line) + MARGIN);
  }
  return end - start < SHORTEST ? null : { operation: "text", speaker, ...times({ start, end }), before: "", after };
}

/**
 * The pauses between the words of a line that are long enough for words.
 * @param {Line} line
 */
function gapsOf(line) {
  return line.words.slice(1).flatMap((word, i) => {
    const start = line.words[i].end;
    return word.start - start < LONG_PAUSE ? [] : [{ line, index: i + 1, start, end: word.start }];
  });
}

/** @param {{ start: number, end: number }} span */
function times({ start, end }) {
  return { start: rounded(start), end: rounded(end) };
}

/**
 * The line was edited to `text`: one operation for the words between the first and the last change, or null.
 * @param {Line} line
 * @param {string} text
 * @returns {Operation | null}
 */
export function textOperation(line, text) {
  const { words } = line;
  const wanted = normal(text);
  if (wanted === normal(joinWords(words))) return null;
  let first = commonStart(words, wanted);
  let last = commonEnd(words, wanted, first);
  if (!fits(words, wanted, first, last)) {
    while (first > 0 && !fits(words, wanted, first, last)) first -= 1;
    while (last < words.length && !fits(words, wanted, first, last)) last += 1;
  }
  const after = wanted.slice(textBefore(words, first).length, wanted.length - textAfter(words, last).length).trim();
  if (first < last) return { operation: "text", ...place(line, first, last), after };
  const start = words[first - 1].end;
  const gap = { start, end: Math.max(start, words[first].start) };
  return { operation: "text", ...place(line, first, first), ...gap, after };
}

/** @param {string} text */
function normal(text) {
  return text.split(/\s+/u).filter(Boolean).join(" ");
}

/**
 * Speaker, times, words and context of the words from `first` to before `after`.
 * @param {Line} line
 * @param {number} first
 * @param {number} after
 */
function place(line, first, after) {
  const words = line.words.slice(first, after);
  return {
    speaker: line.speaker,
    start: words.length ? words[0].start : 0,
    end: words.length ? rounded(Math.max(...words.map((word) => word.end))) : 0,
    before: joinWords(words),
    left: joinWords(line.words.slice(Math.max(0, first - CONTEXT), first)),
    right: joinWords(line.words.slice(after, after + CONTEXT)),
  };
}

/**
 * The text of the words before `first`.
 * @param {readonly Word[]} words
 * @param {number} first
 */
function textBefore(words, first) {
  return joinWords(words.slice(0, first));
}

/**
 * The text from word `last` on, with the space before it.
 * @param {readonly Word[]} words
 * @param {number} last
 */
function textAfter(words, last) {
  const rest = joinWords(words.slice(last));
  return last > 0 && last < words.length && !words[last].attached ? ` ${rest}` : rest;
}

/**
 * The number of words at the beginning that the text still has.
 * @param {readonly Word[]} words
 * @param {string} text
 */
function commonStart(words, text) {
  let count = 0;
  while (count < words.length && startsWith(words, count + 1, text)) count += 1;
  return count;
}

/**
 * @param {readonly Word[]} words
 * @param {number} count
 * @param {string} text
 */
function startsWith(words, count, text) {
  const start = textBefore(words, count);
  const attached = count < words.length && words[count].attached;
  return text.startsWith(start) && (attached || text.length === start.length || text[start.length] === " ");
}

/**
 * The index of the first word of the end that the text still has.
 * @param {readonly Word[]} words
 * @param {string} text
 * @param {number} first
 */
function commonEnd(words, text, first) {
  const used = textBefore(words, first).length;
  let last = words.length;
  while (last > first) {
    const end = textAfter(words, last - 1);
    if (!text.endsWith(end) || text.length - end.length < used) break;
    if (last - 1 === 0 && text.length > end.length && text[text.length - end.length - 1] !== " ") break;
    last -= 1;
  }
  return last;
}

/**
 * Whether the words from `first` to before `last` can be replaced so that the text results: the new words stand beside
 * the old ones as those did, and an insertion has a word on both sides.
 * @param {readonly Word[]} words
 * @param {string} text
 * @param {number} first
 * @param {number} last
 */
function fits(words, text, first, last) {
  if (first === last && (first === 0 || first === words.length)) return false;
  const middle = text.slice(textBefore(words, first).length, text.length - textAfter(words, last).length);
  if (!middle.trim()) return first < last || middle === "";
  const attached = first < last && words[first].attached;
  const leftFits = first === 0 || middle.startsWith(" ") !== attached;
  const rightFits = last === words.length || !words[last].attached || !middle.endsWith(" ");
  return leftFits && rightFits;
}
