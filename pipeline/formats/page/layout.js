// Which lines are shown side by side: lines that overlap in time share a group, and each has a column in it.

import { endOf, startOf } from "./model.js";

/** @typedef {import("./model.js").Line} Line */
/** @typedef {import("./model.js").Overlap} Overlap */

/**
 * @typedef {object} Cell
 * @property {Line} line
 * @property {number} column from 0
 * @property {number} row    from 0; a line has its row and those of the lines that begin before it ends
 * @property {number} rows
 */

/**
 * @typedef {object} Group
 * @property {number} start
 * @property {number} end
 * @property {number} columns  1: nobody else speaks
 * @property {readonly Cell[]} cells
 */

/** Seconds that two lines share at least to be shown side by side. Chosen by hand: a shorter overlap has no word. */
const MIN_SHARED = 0.15;

/**
 * @param {readonly Line[]} lines sorted by start
 * @returns {Group[]}
 */
export function groups(lines) {
  /** @type {Group[]} */
  const found = [];
  let open = /** @type {Line[]} */ ([]);
  let end = -Infinity;
  for (const line of lines) {
    if (open.length && startOf(line) > end - MIN_SHARED) {
      found.push(group(open, end));
      open = [];
      end = -Infinity;
    }
    open.push(line);
    end = Math.max(end, endOf(line));
  }
  if (open.length) found.push(group(open, end));
  return found;
}

/**
 * @param {readonly Line[]} lines
 * @param {number} end
 * @returns {Group}
 */
function group(lines, end) {
  /** @type {{ end: number, speaker: string }[]} */
  const columns = [];
  const cells = lines.map((line, row) => {
    const column = freeColumn(columns, line);
    columns[column] = { end: endOf(line), speaker: line.speaker };
    const later = lines.findIndex((other, i) => i > row && startOf(other) > endOf(line) - MIN_SHARED);
    return { line, column, row, rows: Math.max(1, (later < 0 ? lines.length : later) - row) };
  });
  return { start: startOf(lines[0]), end, columns: columns.length, cells };
}

/**
 * The column of the same speaker if it is free, else the first free one.
 * @param {readonly { end: number, speaker: string }[]} columns
 * @param {Line} line
 */
function freeColumn(columns, line) {
  const free = columns.map((column, i) => (column.end - MIN_SHARED < startOf(line) ? i : -1)).filter((i) => i >= 0);
  const own = free.find((i) => columns[i].speaker === line.speaker);
  return own ?? free[0] ?? columns.length;
}

/**
 * The entries of the overlap ledger by group: each with the group that has most of its time, or that is nearest.
 * @param {readonly Group[]} all
 * @param {readonly Overlap[]} overlaps
 * @returns {Map<Group, Overlap[]>}
 */
export function ledgerByGroup(all, overlaps) {
  /** @type {Map<Group, Overlap[]>} */
  const found = new Map(all.map((each) => [each, []]));
  for (const overlap of overlaps) {
    let best = all[0];
    let most = -Infinity;
    for (const each of all) {
      const common = Math.min(each.end, overlap.end) - Math.max(each.start, overlap.start);
      if (common > most) [best, most] = [each, common];
    }
    found.get(best)?.push(overlap);
  }
  return found;
}
