// What the parts of the page share: the history of corrections, the chosen line and words, and the listeners of changes.

import { fileContent } from "./corrections_file.js";
import { linesOfWords, successor, timeIndex } from "./finding.js";
import { begin, doneCount, present, record, redo, undo, undoAll } from "./history.js";
import { byLabel, people } from "./speakers.js";

/** @typedef {import("./model.js").Line} Line */
/** @typedef {import("./model.js").Page} Page */
/** @typedef {import("./history.js").Entry} Entry */
/** @typedef {import("./history.js").History} History */

/**
 * @typedef {object} Selection
 * @property {Line | null} line
 * @property {number} word    index of the chosen word, -1 without one
 * @property {number} anchor  where the selected words begin, -1 when none are selected
 */

/** @typedef {ReturnType<typeof createApp>} App */

/**
 * @param {Page} page
 * @param {ReturnType<typeof import("./corrections_file.js").createStorage>} storage
 */
export function createApp(page, storage) {
  const saved = storage.load();
  let history = restored(page, saved);
  let downloaded = saved?.downloaded ?? "";
  let onServer = saved?.onServer ?? "";
  let kept = storage.available;
  /** @type {Selection} */
  let selection = { line: null, word: -1, anchor: -1 };
  /** @type {(() => void)[]} */
  const changeListeners = [];
  /** @type {((before: Selection) => void)[]} */
  const selectionListeners = [];
  let derived = derive(history);

  function save() {
    const state = present(history);
    const isElsewhere = [downloaded, onServer].includes(written(state));
    const file = doneCount(history) && !isElsewhere ? fileContent(page, state) : "";
    kept = storage.save({ entries: history.entries, done: doneCount(history), downloaded, onServer, file });
  }

  /** @param {History} next */
  function change(next) {
    if (next === history) return false;
    history = next;
    save();
    show();
    return true;
  }

  /** Shows the history as it is now. */
  function show() {
    derived = derive(history);
    const line = successor(derived.state.lines, selection.line);
    const word = line === selection.line ? selection.word : -1;
    selection = { line, word, anchor: -1 };
    for (const listener of changeListeners) listener();
  }

  storage.onOtherTab(() => {
    const other = storage.load();
    history = restored(page, other);
    downloaded = other?.downloaded ?? "";
    onServer = other?.onServer ?? "";
    show();
  });

  return {
    page,
    start: history.states[0],
    restored: doneCount(history),
    get state() {
      return derived.state;
    },
    get people() {
      return derived.people;
    },
    get index() {
      return derived.index;
    },
    get linesOfWords() {
      return derived.linesOfWords;
    },
    get selection() {
      return selection;
    },
    /** Whether corrections are kept in the browser. */
    get kept() {
      return kept;
    },
    get canUndo() {
      return history.states.length > 1;
    },
    get canRedo() {
      return history.undone.length > 0;
    },
    get changes() {
      const { ledger, operations } = derived.state;
      return operations.length + page.ledger.length - ledger.length;
    },
    get isDownloaded() {
      return downloaded === written(derived.state);
    },
    /** Whether the server has the corrections as they are now. */
    get isSaved() {
      return onServer === written(derived.state);
    },
    /** Whether the server has corrections of this page, perhaps others than now. */
    get wasSaved() {
      return onServer !== "";
    },
    /** @param {string} label */
    personOf(label) {
      const person = derived.byLabel.get(label);
      if (!person) throw new Error(`there is no speaker ${label}`);
      return person;
    },
    /**
     * Whether something changed.
     * @param {Entry} entry
     */
    dispatch(entry) {
      return change(record(history, entry));
    },
    /** What was undone, for people; empty when there was nothing. */
    undo() {
      const label = history.entries[doneCount(history) - 1]?.label ?? "";
      return change(undo(history)) ? label : "";
    },
    redo() {
      const label = history.entries[doneCount(history)]?.label ?? "";
      return change(redo(history)) ? label : "";
    },
    markDownloaded() {
      downloaded = written(derived.state);
      save();
      for (const listener of changeListeners) listener();
    },
    /**
     * The server has the corrections of a state, which was perhaps changed meanwhile.
     * @param {import("./model.js").State} state
     */
    markSaved(state) {
      onServer = written(state);
      save();
      for (const listener of changeListeners) listener();
    },
    /** Takes back all corrections of this page; Redo brings them back. */
    undoAll() {
      change(undoAll(history));
    },
    /**
     * @param {Line | null} line
     * @param {number} [word]
     * @param {number} [anchor]
     */
    select(line, word = -1, anchor = -1) {
      const before = selection;
      selection = { line, word, anchor };
      for (const listener of selectionListeners) listener(before);
    },
    /** @param {() => void} listener */
    onChange(listener) {
      changeListeners.push(listener);
    },
    /** @param {(before: Selection) => void} listener */
    onSelect(listener) {
      selectionListeners.push(listener);
    },
  };
}

/** @param {import("./model.js").State} state */
function written({ ledger, operations }) {
  return JSON.stringify([ledger, operations]);
}

/**
 * @param {Page} page
 * @param {import("./corrections_file.js").Saved | null} saved
 */
function restored(page, saved) {
  try {
    if (saved) return begin(page, saved.entries, saved.done);
  } catch {
    // What was kept is damaged: the transcript is shown without it.
  }
  return begin(page);
}

/** @param {History} history */
function derive(history) {
  const state = present(history);
  const persons = people(state);
  return {
    state, people: persons, byLabel: byLabel(persons), index: timeIndex(state.lines), linesOfWords: linesOfWords(state),
  };
}
