import assert from "node:assert/strict";
import { test } from "node:test";

import { fileContent } from "../../pipeline/formats/page/corrections_file.js";
import { beginning } from "../../pipeline/formats/page/corrections.js";
import { isSettled, linesOfWords, successor, timeIndex, wordsAt } from "../../pipeline/formats/page/finding.js";
import { KEYS, keyNames, keyOf, nameOf } from "../../pipeline/formats/page/keys.js";
import { groups } from "../../pipeline/formats/page/layout.js";
import { clock, listed } from "../../pipeline/formats/page/model.js";
import { assignOperation, checkOperation, nameOperation, textOperation } from "../../pipeline/formats/page/operations.js";
import { bytesOf, createDecoder } from "../../pipeline/formats/page/player.js";
import { readPage } from "../../pipeline/formats/page/reading.js";
import { people, shared, spansOf, total } from "../../pipeline/formats/page/speakers.js";
import { after, page } from "./make.mjs";

const pressed = (key, ...held) => ({
  key, ctrlKey: held.includes("c"), shiftKey: held.includes("s"), altKey: held.includes("a"), metaKey: false,
});

test("lines that overlap stand in columns, others alone", () => {
  const { lines } = page([["A", 0, "a b c d e f"], ["B", 2, "yes"], ["C", 2, "no"], ["B", 4, "well"], ["A", 10, "end"]]);
  const found = groups(lines);
  assert.deepEqual(found.map((group) => [group.columns, group.cells.length]), [[3, 4], [1, 1]]);
  assert.deepEqual(found[0].cells.map((cell) => [cell.column, cell.row, cell.rows]), [[0, 0, 4], [1, 1, 2], [2, 2, 1], [1, 3, 1]]);
});

test("the words at a time are found, also under a long line", () => {
  const { lines } = page([["A", 0, "a b c d e f g h"], ["B", 1, "yes"], ["C", 3, "no"]]);
  const at = (time) => wordsAt(timeIndex(lines), time).map(({ line, word }) => line.words[word].text);
  assert.deepEqual([at(0.5), at(1.5), at(2.9), at(6.1), at(50), at(-1)], [["a"], ["b", "yes"], [], ["g"], [], []]);
});

test("a doubt is settled by a check, an edit or another speaker", () => {
  const doubt = { kind: "words", start: 1, end: 2, reason: "", text: "", speaker: "A", words: [1], speakers: [], candidates: [] };
  const talk = page([["A", 0, "one two three"], ["B", 5, "four"]], { doubts: [doubt] });
  const start = beginning(talk);
  const settled = (...operations) => {
    const state = after(talk, ...operations);
    return isSettled(doubt, 0, state, start, linesOfWords(state));
  };
  const [line] = talk.lines;
  assert.equal(settled(), false);
  assert.equal(settled(textOperation(line, "one two 3")), false);
  assert.equal(settled(textOperation(line, "one 2 three")), true);
  assert.equal(settled(assignOperation(line, 1, 2, "B")), true);
  assert.equal(settled(checkOperation(line)), true);
});

test("a line is found again after a change", () => {
  const talk = page([["A", 0, "one two three"], ["B", 5, "four"]]);
  const state = after(talk, textOperation(talk.lines[0], "1 two three"));
  assert.equal(successor(state.lines, talk.lines[0]), state.lines[0]);
  assert.equal(successor(state.lines, talk.lines[1]), state.lines[1]);
  assert.equal(successor([], talk.lines[1]), null);
});

test("labels with one name are one person, and words take their time with them", () => {
  const turns = [{ speaker: "A", start: 0, end: 4 }, { speaker: "B", start: 5, end: 6 }];
  const talk = page([["A", 0, "one two three"], ["B", 5, "four"]], { turns });
  const state = after(talk, assignOperation(talk.lines[0], 0, 2, "B"), nameOperation("A", "Ana"));
  assert.deepEqual(people(state).map((each) => [each.number, each.name]), [[1, "Ana"], [2, "B"]]);
  const spans = spansOf(state, turns, people(state));
  assert.deepEqual([total(spans.get("Ana")).toFixed(1), total(spans.get("B")).toFixed(1)], ["2.2", "2.8"]);
  const one = after(talk, nameOperation("A", "Ana"), nameOperation("B", "Ana"));
  assert.deepEqual(people(one).map((each) => each.labels), [["A", "B"]]);
  assert.deepEqual(shared([[{ start: 0, end: 4 }], [{ start: 3, end: 5 }], [{ start: 3.5, end: 6 }]]), [{ start: 3, end: 5 }]);
});

test("no key has two meanings, and every row can be pressed", () => {
  const keys = KEYS.flatMap((row) => row.keys);
  assert.equal(new Set(keys).size, keys.length);
  assert.ok(KEYS.every((row) => keyNames(row).length && row.help));
});

test("keys are found as they are typed", () => {
  const names = [pressed("n"), pressed("N"), pressed("N", "s"), pressed("z", "c"), pressed("Z", "c", "s"), pressed(" ", "c"),
    pressed("ArrowLeft", "s"), pressed("?", "s")].map(nameOf);
  assert.deepEqual(names, ["n", "n", "Shift+N", "Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+Space", "Shift+ArrowLeft", "?"]);
  assert.equal(keyOf(pressed("n"), false)?.command, "nextDoubt");
  assert.equal(keyOf(pressed("n"), true), null);
  assert.equal(keyOf(pressed("n"), false, false), null);
  assert.equal(keyOf(pressed(" ", "c"), true, false)?.command, "toggle");
  assert.equal(keyOf(pressed("n", "a"), false), null);
});

test("the file has the turns of every speaker and the corrections", () => {
  const turns = [{ speaker: "B", start: 0.123, end: 4.567 }, { speaker: "A", start: 0.001, end: 0.003 }];
  const talk = page([["A", 0, "one"], ["B", 1, "two"]], { turns });
  const file = JSON.parse(fileContent(talk, after(talk, nameOperation("A", "Ana"))));
  assert.deepEqual(file.speakers, { A: [], B: [[0.12, 4.57]] });
  assert.deepEqual(file.corrections, [{ operation: "name", speaker: "A", after: "Ana" }]);
});

test("base64 is decoded in pieces", () => {
  const bytes = Uint8Array.from({ length: 3_000_001 }, (_, i) => i % 251);
  const parts = createDecoder(() => Buffer.from(bytes).toString("base64")).finish();
  assert.ok(parts.length > 1);
  assert.ok(Buffer.concat(parts).equals(Buffer.from(bytes)));
  assert.deepEqual([...bytesOf("AQID")], [1, 2, 3]);
});

test("the data is read", () => {
  const raw = {
    speakers: ["A"], lines: [[0, [[0, 500, "one"], [500, 900, "-two", "nc"]]]], turns: [[0, 0, 900]], overlaps: [],
    doubts: [{ kind: "words", start: 0, end: 500, reason: "r", text: "one", speaker: 0, words: [0, 1], speakers: [], candidates: [] }],
  };
  const { lines, doubts } = readPage(JSON.stringify(raw));
  assert.deepEqual(lines[0].words.map((word) => [word.start, word.attached, word.corrected, word.mark]),
    [[0, false, false, "words"], [0.5, true, true, ""]]);
  assert.deepEqual(doubts[0].words, [0]);
});

test("times and lists are written for people", () => {
  assert.deepEqual([clock(7.9), clock(754), clock(3723)], ["0:07", "12:34", "1:02:03"]);
  assert.deepEqual([listed([]), listed(["a"]), listed(["a", "b", "c"])], ["", "a", "a, b and c"]);
});
