import assert from "node:assert/strict";
import { test } from "node:test";

import { begin, present, record, redo, undo } from "../../pipeline/formats/page/history.js";
import { joinWords } from "../../pipeline/formats/page/model.js";
import { assignOperation, checkOperation, splitOperation } from "../../pipeline/formats/page/operations.js";
import { page, rows } from "./make.mjs";

const TALK = page([["A", 0, "one two three"], ["B", 4, "four five"]]);
const entry = (...operations) => ({ label: "", operations });

function steps() {
  let history = begin(TALK);
  history = record(history, entry(splitOperation(TALK.lines[0], 1)));
  history = record(history, entry(assignOperation(present(history).lines[1], 0, 2, "B")));
  return record(history, entry(checkOperation(present(history).lines[2])));
}

test("every step is undone and done again", () => {
  let history = steps();
  const seen = [];
  for (let i = 0; i < 4; i += 1) {
    seen.unshift(present(history));
    history = undo(history);
  }
  assert.equal(undo(history), history);
  assert.equal(present(history).lines, TALK.lines);
  for (const state of seen) {
    assert.equal(present(history), state);
    history = redo(history);
  }
  assert.equal(redo(history), history);
});

test("a new step gives up what was undone", () => {
  const history = record(undo(undo(steps())), entry(checkOperation(TALK.lines[1])));
  assert.equal(redo(history), history);
  assert.deepEqual(present(history).operations.map((each) => each.operation), ["split", "check"]);
});

test("a step without effect is none", () => {
  const history = steps();
  assert.equal(record(history, entry(splitOperation(TALK.lines[0], 1))), history);
});

test("a check is taken back by leaving it out", () => {
  const checked = steps();
  const { check } = present(checked).lines[2];
  const history = record(checked, { label: "", unchecked: [check] });
  assert.deepEqual(present(history).operations.map((each) => each.operation), ["split", "assign"]);
  assert.equal(present(history).lines[2].check, null);
  assert.ok(present(undo(history)).lines[2].check);
});

test("entries that were kept give the same states", () => {
  const history = undo(steps());
  const again = begin(TALK, JSON.parse(JSON.stringify(history.entries)), 2);
  assert.deepEqual(rows(present(again), joinWords), rows(present(history), joinWords));
  assert.deepEqual(present(redo(again)), present(redo(history)));
});

test("doubts without a line are dismissed and recalled", () => {
  const history = record(begin(TALK), { label: "", dismissed: [3] });
  assert.deepEqual([...present(history).dismissed], [3]);
  assert.deepEqual([...present(record(history, { label: "", recalled: [3] })).dismissed], []);
});
