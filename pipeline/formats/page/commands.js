// What keys and buttons do. Each command works on the selected words, or on the chosen line.

import { freeLabel, lineBefore } from "./corrections.js";
import { download, fileContent, fileName } from "./corrections_file.js";
import { askSpeaker, askWords } from "./dialogs.js";
import { byId } from "./dom.js";
import { reasonOf } from "./doubts_view.js";
import { openEditor } from "./editor.js";
import { lineAt, linesOf, quote } from "./finding.js";
import { clock, endOf, startOf } from "./model.js";
import {
  assignOperation, checkOperation, insertOperation, joinOperation, nameOperation, splitOperation, textOperation,
} from "./operations.js";
import { SPEEDS } from "./player.js";
import { sendCorrections } from "./saving.js";

/** @typedef {import("./model.js").Line} Line */
/** @typedef {import("./model.js").Operation} Operation */
/** @typedef {import("./speakers.js").Person} Person */
/** @typedef {import("./marks.js").Run} Range */

/** Seconds before and after a doubt that are played with it. */
const BEFORE = 1;
const AFTER = 0.5;
/** Seconds of a step back or forward. */
const SKIP = 5;

/**
 * @param {object} parts
 * @param {import("./app.js").App} parts.app
 * @param {ReturnType<typeof import("./player.js").createPlayer>} parts.player
 * @param {ReturnType<typeof import("./conversation.js").createConversation>} parts.conversation
 * @param {ReturnType<typeof import("./doubts_view.js").createDoubts>} parts.doubts
 * @param {() => Range[]} parts.marked words that are marked with the mouse
 * @param {(text: string) => void} parts.announce
 */
export function createCommands({ app, player, conversation, doubts, marked, announce }) {
  let saving = false;

  /** The chosen line, else the one at the present time when something was played. */
  function line() {
    return app.selection.line ?? (player.time > 0 ? lineAt(app.index, player.time) : null) ?? null;
  }

  /**
   * An action that needs a line; without one it says so.
   * @param {(event?: { key?: string }) => void} action
   */
  function onLine(action) {
    return (/** @type {{ key?: string } | undefined} */ event) => {
      if (ranges().length) action(event);
      else announce("Choose a line first: click it, or press ↓");
    };
  }

  /** What is corrected: marked words, selected words, or the whole line. */
  function ranges() {
    const mouse = marked();
    if (mouse.length) return mouse;
    const { word, anchor } = app.selection;
    const whole = line();
    if (!whole) return [];
    if (anchor < 0) return [{ line: whole, first: 0, after: whole.words.length }];
    return [{ line: whole, first: Math.min(word, anchor), after: Math.max(word, anchor) + 1 }];
  }

  /**
   * @param {string} label
   * @param {readonly Operation[]} operations
   */
  function correct(label, operations) {
    const focused = document.activeElement?.closest("#conversation");
    if (!app.dispatch({ label, operations })) {
      announce("Nothing was changed: these words are not there any more");
      return;
    }
    announce(label);
    if (focused && app.selection.line) conversation.show(app.selection.line);
  }

  /**
   * @param {string} label of the speaker who gets the words
   * @param {string} name
   * @param {readonly Operation[]} [also]
   */
  function giveTo(label, name, also = []) {
    const changed = ranges().filter((range) => app.personOf(range.line.speaker).name !== name);
    const operations = changed.map(({ line, first, after }) => assignOperation(line, first, after, label));
    if (!operations.length) announce(`These words are ${name}'s already`);
    else correct(`${what(changed)} given to ${name}`, [...operations, ...also]);
    getSelection()?.removeAllRanges();
  }

  /** @param {string} name */
  function giveNew(name) {
    const label = freeLabel(app.state);
    giveTo(label, name || label, name ? [nameOperation(label, name)] : []);
  }

  /**
   * @param {Person} person
   * @param {string} name
   */
  function rename(person, name) {
    if (name === person.name) return;
    correct(`${person.name} renamed to ${name}`, person.labels.map((label) => nameOperation(label, name)));
  }

  /**
   * @param {Person} person
   * @param {boolean} canGive
   */
  function speakerDialog(person, canGive) {
    const names = app.page.doubts.filter((each) => each.kind === "name" && person.labels.includes(each.speaker ?? ""));
    askSpeaker({
      title: canGive ? `Who speaks? ${what(ranges())}` : person.name,
      person, canGive, people: app.people, candidates: names.flatMap((each) => each.candidates),
      choose: (choice) => {
        if (choice.action === "rename") rename(person, choice.name);
        else if (choice.action === "new") giveNew(choice.name);
        else if (choice.person) giveTo(choice.person.labels[0], choice.person.name);
      },
    });
  }

  /**
   * @param {Line} target
   * @param {number} [word]
   * @param {number} [anchor]
   */
  function go(target, word = -1, anchor = -1) {
    app.select(target, word, anchor);
    conversation.show(target);
  }

  /** @param {1 | -1} step */
  function moveLine(step) {
    const { lines } = app.state;
    const old = line();
    const at = old ? lines.indexOf(old) : -1;
    const next = lines[app.selection.line ? at + step : Math.max(0, at)];
    if (next) go(next);
  }

  /**
   * @param {1 | -1} step
   * @param {boolean} extend
   */
  function moveWord(step, extend) {
    const target = line();
    if (!target) return;
    const { word, anchor } = app.selection;
    const last = target.words.length - 1;
    if (word < 0) {
      const first = step > 0 ? 0 : last;
      go(target, first, extend ? first : -1);
    } else if (extend && anchor < 0) {
      go(target, word, word);
    } else {
      go(target, Math.min(last, Math.max(0, word + step)), extend ? anchor : -1);
    }
  }

  /** @param {number} number */
  function showDoubt(number) {
    const doubt = app.page.doubts[number];
    if (!doubt) return;
    doubts.choose(number);
    const concerned = linesOf(doubt, app.state, app.linesOfWords)[0];
    const target = concerned ?? lineAt(app.index, doubt.start);
    if (target) {
      const indices = target.words.flatMap((each, i) => (doubt.words.includes(each.id) ? [i] : []));
      go(target, indices[0] ?? -1);
    }
    announce(`${clock(doubt.start)}: ${reasonOf(doubt, app)}`);
    player.playFrom(Math.max(0, doubt.start - BEFORE), doubt.end + AFTER);
  }

  /** @param {1 | -1} direction */
  function nextDoubt(direction) {
    const number = doubts.next(direction);
    if (number < 0) announce("All passages are checked");
    else showDoubt(number);
  }

  /**
   * @param {readonly Line[]} lines
   * @param {boolean} checked
   */
  function check(lines, checked) {
    const open = lines.filter((each) => Boolean(each.check) !== checked);
    if (checked) {
      correct(lines.length === 1 ? "Line checked" : `${open.length} lines checked`, open.map(checkOperation));
    } else if (open.some((each) => app.state.ledger.includes(/** @type {Operation} */ (each.check)))) {
      announce("This check was applied to the transcript and stays");
    } else {
      const label = "Check taken back";
      if (app.dispatch({ label, unchecked: open.flatMap((each) => each.check ?? []) })) announce(label);
    }
  }

  /** @param {number} number */
  function settle(number) {
    const doubt = app.page.doubts[number];
    const done = doubts.isSettled(number);
    const lines = doubt.kind === "name" ? [] : linesOf(doubt, app.state, app.linesOfWords);
    if (app.state.dismissed.has(number)) app.dispatch({ label: "Check taken back", recalled: [number] });
    else if (lines.length && (!done || lines.some((each) => each.check))) check(lines, !done);
    else if (!done) app.dispatch({ label: "Passage checked", dismissed: [number] });
    else announce("It was corrected: undo takes that back");
  }

  function edit() {
    const target = line();
    if (!target) return;
    go(target);
    openEditor(target, conversation.element(target), (text, byKey) => {
      const operation = text === null ? null : textOperation(target, text);
      if (operation) correct(operation.after ? `Text changed: “${operation.after}”` : "Words deleted", [operation]);
      if (byKey && app.selection.line) conversation.show(app.selection.line);
    });
  }

  /** @param {{ start: number, end: number }} span */
  function writeWords({ start, end }) {
    const near = app.page.turns.find((turn) => turn.start < end && turn.end > start);
    askWords({
      title: `Words from ${clock(start)} to ${clock(end)}`,
      people: app.people,
      person: near && app.personOf(near.speaker),
      write: (person, text) => {
        const label = person?.labels[0] ?? freeLabel(app.state);
        const operation = insertOperation(app.state.lines, label, start, end, text);
        if (operation) correct("Words written", [operation]);
        else announce(person ? `${person.name} has words there already: edit their line` : "There is no time for words");
      },
    });
  }

  function insert() {
    const doubt = app.page.doubts[doubts.current];
    if (doubt?.kind === "uncovered") {
      writeWords(doubt);
      return;
    }
    const time = Math.max(0, Math.min(player.time, app.page.duration - 1));
    const turn = app.page.turns.find((each) => each.start <= time && each.end > time);
    writeWords({ start: time, end: Math.min(app.page.duration, Math.max(time + 1, turn ? turn.end : 0)) });
  }

  function split() {
    const { line: target, word } = app.selection;
    if (!target || word < 1) {
      announce("Choose the word that begins the new line: click it, or use the arrow keys");
      return;
    }
    correct("Line split", [splitOperation(target, word)]);
    const second = app.state.lines.find((each) => each.words.includes(target.words[word]));
    if (second) go(second); // it is the one that is given to somebody else, or merged again
  }

  function join() {
    const target = line();
    if (!target) return;
    const { labels } = app.personOf(target.speaker);
    const before = app.state.lines[lineBefore(app.state.lines, app.state.lines.indexOf(target), labels)];
    if (before) correct("Lines merged", mergeOperations(before, target));
    else announce("This speaker has no line before this one");
  }

  function loop() {
    const target = line();
    if (player.loop) player.setLoop(null);
    else if (target) player.setLoop({ start: startOf(target), end: endOf(target) });
    announce(player.loop ? "The line is repeated" : "No repetition");
  }

  /** @param {1 | -1} step */
  function speed(step) {
    const at = SPEEDS.findIndex((each) => each >= player.speed);
    const next = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + step))];
    player.setSpeed(next);
    announce(`Speed ${next}`);
  }

  /** Keeps what is being edited, as a click elsewhere does. */
  function endEditing() {
    document.querySelector(".editor")?.dispatchEvent(new Event("blur"));
  }

  function downloadFile() {
    endEditing();
    download(fileName(app.page), fileContent(app.page, app.state));
    app.markDownloaded();
    announce("Corrections downloaded");
  }

  async function saveToServer() {
    if (saving) return; // one at a time, so that the last one is what the server keeps
    saving = true;
    endEditing();
    const { state } = app;
    const problem = await sendCorrections(app.page.save, fileContent(app.page, state));
    saving = false;
    if (!problem) app.markSaved(state);
    announce(problem || "Corrections saved on the server");
  }

  function playHere() {
    const target = line();
    if (target) player.playFrom(target.words[Math.max(0, app.selection.line ? app.selection.word : 0)].start);
  }

  /** @type {Record<string, (event?: { key?: string }) => void>} */
  const byName = {
    toggle: () => (player.available ? player.toggle() : announce(`There is no sound: ${app.page.sound.missing}`)),
    playHere,
    playLine: () => {
      const target = line();
      if (target) player.playFrom(startOf(target));
    },
    back: () => player.seek(player.time - SKIP),
    forward: () => player.seek(player.time + SKIP),
    slower: () => speed(-1),
    faster: () => speed(1),
    loop,
    nextDoubt: () => nextDoubt(1),
    previousDoubt: () => nextDoubt(-1),
    nextLine: () => moveLine(1),
    previousLine: () => moveLine(-1),
    nextWord: () => moveWord(1, false),
    previousWord: () => moveWord(-1, false),
    extendRight: () => moveWord(1, true),
    extendLeft: () => moveWord(-1, true),
    give: onLine((event) => {
      const person = app.people[Number(event?.key) - 1];
      if (person) giveTo(person.labels[0], person.name);
      else announce("There is no such speaker");
    }),
    giveNew: onLine(() => giveNew("")),
    speakerMenu: onLine(() => speakerDialog(app.personOf(ranges()[0].line.speaker), true)),
    edit: onLine(edit),
    insert,
    split,
    join: onLine(join),
    check: onLine(() => {
      const target = line();
      if (target) check([target], !target.check);
    }),
    undo: () => announce(outcome("Undone", app.undo())),
    redo: () => announce(outcome("Done again", app.redo())),
    download: downloadFile,
    save: () => void (app.page.save ? saveToServer() : downloadFile()),
    help: () => /** @type {HTMLDialogElement} */ (byId("help-dialog")).showModal(),
  };
  return { byName, ranges, correct, onLine, showDoubt, settle, rename, speakerDialog, writeWords, what: () => what(ranges()) };
}

/**
 * Two lines of one person become one; where they have two labels with the same name, the second gets that of the first.
 * @param {Line} before
 * @param {Line} line
 */
function mergeOperations(before, line) {
  const join = joinOperation({ ...line, speaker: before.speaker });
  return before.speaker === line.speaker ? [join] : [assignOperation(line, 0, line.words.length, before.speaker), join];
}

/** @param {readonly Range[]} ranges */
function what(ranges) {
  const [range] = ranges;
  if (!range) return "";
  const count = ranges.reduce((sum, each) => sum + each.after - each.first, 0);
  const whole = ranges.length === 1 && count === range.line.words.length;
  if (whole) return `Line ${clock(startOf(range.line))} “${quote(range.line)}”`;
  return count === 1 ? `“${range.line.words[range.first].text}”` : `${count} words`;
}

/**
 * @param {string} what
 * @param {string} label
 */
function outcome(what, label) {
  return label ? `${what}: ${label}` : "There is nothing more";
}
