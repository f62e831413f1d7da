// Makes random corrections as the page does: reads `{data, seed, count}`, writes the corrections file and what is shown.

import { readFileSync } from "node:fs";

import { fileContent } from "../../pipeline/formats/page/corrections_file.js";
import { freeLabel } from "../../pipeline/formats/page/corrections.js";
import { begin, present, record, redo, undo } from "../../pipeline/formats/page/history.js";
import { groupsOf } from "../../pipeline/formats/page/marks.js";
import { endOf, joinWords } from "../../pipeline/formats/page/model.js";
import {
  assignOperation, checkOperation, excludeOperations, includeOperations, insertOperation, joinOperation, nameOperation, splitOperation, textOperation,
} from "../../pipeline/formats/page/operations.js";
import { readPage } from "../../pipeline/formats/page/reading.js";

const { data, seed, count } = JSON.parse(readFileSync(0, "utf8"));
const page = readPage(data);
let state32 = seed >>> 0;

/** A number from 0 to before `limit` (the generator mulberry32). */
function random(limit) {
  state32 = (state32 + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state32 ^ (state32 >>> 15), 1 | state32);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % limit;
}

const KINDS = ["points", "decisions", "actions", "questions"];
const pick = (items) => items[random(items.length)];

/** The line's text with a random change. */
function edited(line) {
  const texts = joinWords(line.words).split(" ");
  const at = random(texts.length + 1);
  const change = random(5);
  if (change === 0) texts.splice(at, 1);
  else if (change === 1) texts.splice(at, 0, pick(["neu", "so-called", "a b"]));
  else if (change === 2) texts[Math.min(at, texts.length - 1)] = pick(["other", "two words", "x-y"]);
  else if (change === 3) texts.splice(at, 2, "one");
  else texts.splice(0, texts.length, ...texts.join(" ").replace(/-/u, " ").split(" "));
  return texts.join(" ");
}

function written(state, line) {
  const start = endOf(line);
  return insertOperation(state.lines, line.speaker, start, Math.min(page.duration, start + random(5)), "put in");
}

/** The words of a line from one on, often with words of the same speaker's next line. */
function runs(state, line, first) {
  const next = random(2) ? state.lines.slice(state.lines.indexOf(line) + 1).find((each) => each.speaker === line.speaker) : null;
  const own = { line, first, after: line.words.length };
  return next ? [own, { line: next, first: 0, after: 1 + random(next.words.length) }] : [own];
}

function operation(state) {
  const line = pick(state.lines);
  const first = random(line.words.length);
  const after = first + 1 + random(line.words.length - first);
  const to = pick([...state.speakers, freeLabel(state)]);
  switch (random(10)) {
    case 0: return nameOperation(line.speaker, pick(["Ana", "Ben"]));
    case 1: return assignOperation(line, first, after, to);
    case 2: return assignOperation(line, 0, line.words.length, to);
    case 3: return splitOperation(line, first);
    case 4: return joinOperation(line);
    case 5: return checkOperation(line);
    case 6: return written(state, line);
    case 7: return excludeOperations(pick(KINDS), [{ line, first, after }])[0];
    case 8: return includeOperations(pick(KINDS), runs(state, line, first))[0];
    default: return textOperation(line, edited(line));
  }
}

let history = begin(page);
for (let i = 0; i < count && present(history).lines.length; i += 1) {
  const made = operation(present(history));
  if (made && made.speaker !== made.after) history = record(history, { label: "", operations: [made] });
  if (random(6) === 0) history = undo(history);
  if (random(9) === 0) history = redo(history);
}
const state = present(history);
const shown = state.lines.map((line) => [state.names.get(line.speaker), joinWords(line.words)]);
const marks = state.marks.flatMap((mark) => groupsOf(mark, state.lines).map(({ speaker, text }) =>
  [mark.operation.operation, mark.kind, state.names.get(speaker), text]));
const lost = state.marks.filter((mark) => !groupsOf(mark, state.lines).length).length;
process.stdout.write(JSON.stringify({ file: fileContent(page, state), shown, marks, lost }));
