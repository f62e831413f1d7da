// Words for a corrected text: unchanged words stay, new ones share the time between them.
// `pipeline/formats/retexting.py` does the same.

import { rounded } from "./model.js";

/** @typedef {import("./model.js").Word} Word */
/** @typedef {{ text: string, word: Word | null }} Piece */

/** Seconds per new word that must lie between its neighbours; with less, one of them is shortened. */
const ROOM = 0.001;

/**
 * The words of `texts` in the place of `old`.
 * @param {readonly Word[]} old
 * @param {readonly string[]} texts
 * @param {{ start: number, end: number }} span
 * @param {string} home of new words
 * @returns {Word[]}
 */
export function retexted(old, texts, span, home) {
  const pieces = matched(old, texts);
  /** @type {Word[]} */
  const words = [];
  let i = 0;
  while (i < pieces.length) {
    const { word } = pieces[i];
    if (word) {
      words.push(word);
      i += 1;
      continue;
    }
    let next = i;
    while (next < pieces.length && !pieces[next].word) next += 1;
    words.push(...spread(texts.slice(i, next), room(words, pieces, next, next - i, span), home));
    i = next;
  }
  return words;
}

/**
 * The time for new words before the piece `next`; a neighbour is shortened where there is none.
 * @param {Word[]} words before them
 * @param {Piece[]} pieces
 * @param {number} next
 * @param {number} count
 * @param {{ start: number, end: number }} span
 */
function room(words, pieces, next, count, span) {
  const before = words[words.length - 1];
  const after = pieces[next]?.word ?? null;
  const start = before ? before.end : span.start;
  const end = after ? after.start : span.end;
  if (end - start >= ROOM * count) return { start, end };
  if (before) {
    const middle = rounded((before.start + before.end) / 2);
    words[words.length - 1] = { ...before, end: middle };
    return { start: middle, end: before.end };
  }
  if (!after) return span;
  const middle = rounded((after.start + after.end) / 2);
  pieces[next] = { ...pieces[next], word: { ...after, start: middle } };
  return { start: after.start, end: middle };
}

/**
 * New words, each as long as its share of the characters.
 * @param {readonly string[]} texts
 * @param {{ start: number, end: number }} span
 * @param {string} home
 * @returns {Word[]}
 */
function spread(texts, { start, end }, home) {
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  let done = 0;
  return texts.map((text) => {
    const from = start + ((end - start) * done) / total;
    done += text.length;
    const to = start + ((end - start) * done) / total;
    return {
      start: rounded(from), end: rounded(to), text, attached: false, mark: "", corrected: true, id: -1, home,
    };
  });
}

/**
 * The texts, each with the old word that it is: as many words as possible stay (the longest common subsequence).
 * @param {readonly Word[]} old
 * @param {readonly string[]} texts
 * @returns {Piece[]}
 */
function matched(old, texts) {
  const lengths = Array.from({ length: old.length + 1 }, () => new Array(texts.length + 1).fill(0));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = texts.length - 1; j >= 0; j -= 1) {
      const same = old[i].text === texts[j];
      lengths[i][j] = same ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  let i = 0;
  return texts.map((text, j) => {
    while (i < old.length && lengths[i][j] > lengths[i][j + 1] && old[i].text !== text) i += 1;
    const stays = i < old.length && old[i].text === text && lengths[i][j] > lengths[i][j + 1];
    return { text, word: stays ? { ...old[i++], attached: false } : null };
  });
}
