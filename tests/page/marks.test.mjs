import assert from "node:assert/strict";
import { test } from "node:test";

import { beginning } from "../../pipeline/formats/page/corrections.js";
import { begin, present, record, undo } from "../../pipeline/formats/page/history.js";
import { entriesOf } from "../../pipeline/formats/page/marks.js";
import {
  assignOperation, excludeOperations, includeOperations, joinOperation, nameOperation, splitOperation, textOperation,
} from "../../pipeline/formats/page/operations.js";
import { readPage } from "../../pipeline/formats/page/reading.js";
import { after, page } from "./make.mjs";

const item = (kind, speaker, start, end) => ({
  kind, spans: [{ speaker, start, end }], topic: 0, reason: "model", label: "", who: "", due: "",
});
const minutes = {
  date: "", model: "", kinds: ["decisions"], people: [], topics: [], agenda: [], annex: [], previous: [],
  items: [item("decisions", "A", 1, 3.8), item("points", "B", 2, 3.8)],
};
const TALK = page([["A", 0, "one two three four five"], ["B", 2, "six seven"], ["A", 8, "eight nine"]], { minutes });
const [first, second, third] = TALK.lines;
const run = (line, from, to) => ({ line, first: from, after: to });

/** Speaker and words of the decisions; "-" before those that were taken out. */
function decisions(state, kind = "decisions") {
  return entriesOf(state, kind).map(({ groups, rejections }) =>
    (rejections.length ? "-" : "") + groups.map(({ speaker, text }) => `${speaker} ${text}`).join(" + "));
}

test("the items of the minutes are their words", () => {
  assert.deepEqual(decisions(beginning(TALK)), ["A two three four"]);
  assert.deepEqual(decisions(beginning(TALK), "points"), ["B six seven"]);
  assert.deepEqual(beginning({ ...TALK, minutes: null }).marks, []);
});

test("their words are the present ones", () => {
  const edited = after(TALK, textOperation(first, "one two and 3 four five"));
  assert.deepEqual(decisions(edited), ["A two and 3 four"]);
  const split = after(TALK, splitOperation(first, 2));
  assert.deepEqual(decisions(split), ["A two three four"]);
  assert.deepEqual(decisions(after(TALK, joinOperation(third))), ["A two three four"]);
  assert.deepEqual(decisions(after(TALK, assignOperation(first, 0, 5, "C"))), ["C two three four"]);
  assert.deepEqual(decisions(after(TALK, assignOperation(first, 3, 5, "C"))), ["A two three + C four"]);
  assert.deepEqual(decisions(after(TALK, nameOperation("A", "Ana"))), ["A two three four"]);
  assert.deepEqual(decisions(after(TALK, textOperation(first, "one five"))), []);
});

test("an item is taken out, and is there again when that is taken back", () => {
  const [out] = excludeOperations("decisions", [run(first, 1, 4)]);
  assert.deepEqual(out, {
    operation: "exclude", speaker: "A", start: 1, end: 3.8, before: "two three four", left: "one", right: "five",
    after: "decisions",
  });
  const history = record(begin(TALK), { label: "", operations: [out] });
  assert.deepEqual(decisions(present(history)), ["-A two three four"]);
  assert.deepEqual(present(history).operations, [out]);
  assert.deepEqual(decisions(present(undo(history))), ["A two three four"]);
  const back = present(record(history, { label: "", unchecked: entriesOf(present(history), "decisions")[0].rejections }));
  assert.deepEqual([decisions(back), back.operations], [["A two three four"], []]);
  assert.deepEqual(decisions(after(TALK, ...excludeOperations("points", [run(first, 1, 4)]))), ["A two three four"]);
});

test("words are added, in one item for each speaker", () => {
  const added = includeOperations("decisions", [run(first, 4, 5), run(second, 0, 2), run(third, 0, 1)]);
  assert.deepEqual(added.map((each) => [each.speaker, each.before, each.start, each.end, each.left, each.right]), [
    ["A", "five eight", 4, 8.8, "one two three four", "nine"], ["B", "six seven", 2, 3.8, "", ""],
  ]);
  assert.deepEqual(decisions(after(TALK, ...added)), ["A two three four", "B six seven", "A five eight"]);
});

test("of corrections of the same words the last one counts, and the minutes' item gives way", () => {
  const [long] = includeOperations("decisions", [run(first, 0, 4)]);
  const [short] = includeOperations("decisions", [run(first, 0, 3)]);
  const [out] = excludeOperations("decisions", [run(first, 1, 4)]);
  assert.deepEqual(decisions(after(TALK, long)), ["A one two three four"]);
  assert.deepEqual(decisions(after(TALK, long, short)), ["A one two three"]);
  assert.deepEqual(decisions(after(TALK, out, long)), ["A one two three four"]);
  assert.deepEqual(decisions(after(TALK, long, out)), ["-A one two three four"]);
});

test("an added item goes with its operation, and follows words that a person wrote", () => {
  const [added] = includeOperations("actions", [run(third, 0, 2)]);
  const history = record(begin(TALK), { label: "", operations: [added] });
  const written = record(history, { label: "", operations: [textOperation(third, "they go")] });
  assert.deepEqual(decisions(present(written), "actions"), ["A they go"]);
  assert.deepEqual(decisions(present(record(written, { label: "", unchecked: [added] })), "actions"), []);
});

test("a correction of the minutes whose words are not there changes nothing", () => {
  const [added] = includeOperations("actions", [run(third, 0, 2)]);
  const state = beginning(TALK);
  assert.equal(after(TALK, { ...added, speaker: "C" }).operations.length, state.operations.length);
});

test("the data of the minutes is read", () => {
  const raw = {
    speakers: ["A", "B"], lines: [[0, [[0, 500, "one"], [500, 900, "two"]]], [1, [[900, 1200, "three"]]]],
    turns: [], overlaps: [], doubts: [],
    minutes: {
      ...minutes, people: [[1, 0.4]], topics: [{ title: "t", label: "", start: 500, end: 900 }],
      items: [{ kind: "points", words: [[1, 2], [2, 3]] }],
      previous: [{ text: "x", speaker: "Z", mention: null }, { text: "x", speaker: "Z", mention: { words: [[0, 2]] } }],
    },
  };
  const { minutes: read } = readPage(JSON.stringify(raw));
  assert.deepEqual(read.items[0].spans, [{ speaker: "A", start: 0.5, end: 0.9 }, { speaker: "B", start: 0.9, end: 1.2 }]);
  assert.deepEqual(read.previous.map((each) => each.mention?.spans.length), [undefined, 1]);
  assert.deepEqual([read.people, read.topics[0].start], [[["B", 0.4]], 0.5]);
});
