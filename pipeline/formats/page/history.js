// Undo and redo without end: the entries that were made, and the state after each.

import { apply, beginning, withoutOperation } from "./corrections.js";

/** @typedef {import("./model.js").Operation} Operation */
/** @typedef {import("./model.js").State} State */
/** @typedef {import("./model.js").Page} Page */

/**
 * @typedef {object} Entry  one step that is undone at once
 * @property {string} label                  what was done, for people
 * @property {readonly Operation[]} [operations]
 * @property {readonly Operation[]} [unchecked] checks and corrections of the minutes that are taken back
 * @property {readonly number[]} [dismissed]    doubts without a line that were checked
 * @property {readonly number[]} [recalled]     the same, taken back
 */

/**
 * @typedef {object} History
 * @property {readonly Entry[]} entries
 * @property {readonly State[]} states  one more than the entries that are in force
 * @property {readonly State[]} undone  states of the other entries, in their order
 */

/**
 * @param {Page} page
 * @param {readonly Entry[]} [entries]
 * @param {number} [done] how many of the entries are in force
 * @returns {History}
 */
export function begin(page, entries = [], done = entries.length) {
  const states = [beginning(page)];
  for (const entry of entries) states.push(after(states[states.length - 1], entry));
  return { entries, states: states.slice(0, done + 1), undone: states.slice(done + 1) };
}

/** @param {History} history */
export function present(history) {
  return history.states[history.states.length - 1];
}

/** @param {History} history */
export function doneCount(history) {
  return history.states.length - 1;
}

/**
 * The history after a new step; steps that were undone are given up. The same history when nothing changes.
 * @param {History} history
 * @param {Entry} entry
 * @returns {History}
 */
export function record(history, entry) {
  const now = present(history);
  const next = after(now, entry);
  if (next === now) return history;
  const entries = [...history.entries.slice(0, doneCount(history)), entry];
  return { entries, states: [...history.states, next], undone: [] };
}

/**
 * @param {History} history
 * @returns {History}
 */
export function undo(history) {
  if (history.states.length < 2) return history;
  const undone = [present(history), ...history.undone];
  return { ...history, states: history.states.slice(0, -1), undone };
}

/**
 * @param {History} history
 * @returns {History}
 */
export function undoAll(history) {
  if (history.states.length < 2) return history;
  return { ...history, states: history.states.slice(0, 1), undone: [...history.states.slice(1), ...history.undone] };
}

/**
 * @param {History} history
 * @returns {History}
 */
export function redo(history) {
  if (!history.undone.length) return history;
  return { ...history, states: [...history.states, history.undone[0]], undone: history.undone.slice(1) };
}

/**
 * @param {State} state
 * @param {Entry} entry
 * @returns {State}
 */
function after(state, { operations = [], unchecked = [], dismissed = [], recalled = [] }) {
  const changed = unchecked.reduce(withoutOperation, operations.reduce(apply, state));
  if (!dismissed.length && !recalled.length) return changed;
  const numbers = [...changed.dismissed, ...dismissed].filter((number) => !recalled.includes(number));
  return { ...changed, dismissed: new Set(numbers) };
}
