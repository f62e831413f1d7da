import assert from "node:assert/strict";
import { test } from "node:test";

import { apply, beginning, freeLabel } from "../../pipeline/formats/page/corrections.js";
import { joinWords } from "../../pipeline/formats/page/model.js";
import {
  assignOperation, checkOperation, insertOperation, joinOperation, nameOperation, splitOperation, textOperation,
} from "../../pipeline/formats/page/operations.js";
import { after, page, rows } from "./make.mjs";

const TALK = page([["A", 0, "one two three four five"], ["B", 2, "six seven"], ["A", 8, "eight nine"]]);
const shown = (state) => rows(state, joinWords);
const [first, second, third] = TALK.lines;

test("words in the middle of a line are given to another speaker, in three lines", () => {
  const operation = assignOperation(first, 1, 3, "B");
  assert.deepEqual(operation, {
    operation: "assign", speaker: "A", start: 1, end: 2.8, before: "two three", left: "one", right: "four five", after: "B",
  });
  assert.deepEqual(shown(after(TALK, operation)), [
    ["A", "one"], ["B", "two three"], ["B", "six seven"], ["A", "four five"], ["A", "eight nine"],
  ]);
});

test("a whole line is given to a new speaker", () => {
  const state = after(TALK, assignOperation(second, 0, 2, "SPEAKER_00"));
  assert.deepEqual(shown(state)[1], ["SPEAKER_00", "six seven"]);
  assert.deepEqual(state.speakers, ["A", "B", "SPEAKER_00"]);
  assert.equal(freeLabel(state), "SPEAKER_01");
});

test("a line is split before a word and joined with the line before", () => {
  const state = after(TALK, splitOperation(first, 2));
  assert.deepEqual(shown(state).map(([, text]) => text), ["one two", "three four five", "six seven", "eight nine"]);
  const again = apply(state, joinOperation(state.lines[1]));
  assert.deepEqual(shown(again), shown(beginning(TALK)));
});

test("a line is joined with the same speaker's line, across another speaker's", () => {
  assert.deepEqual(shown(after(TALK, joinOperation(third)))[0], ["A", "one two three four five eight nine"]);
  assert.equal(after(TALK, joinOperation(first)).operations.length, 0);
});

test("a name changes no label", () => {
  const state = after(TALK, nameOperation("A", "Ana"));
  assert.equal(state.names.get("A"), "Ana");
  assert.equal(state.lines, TALK.lines);
  const renamed = apply(apply(state, nameOperation("B", "Ben")), nameOperation("A", "Ann"));
  assert.deepEqual(renamed.operations, [nameOperation("B", "Ben"), nameOperation("A", "Ann")]);
});

test("new words share the time of the old ones", () => {
  const operation = textOperation(first, "one 2 and3 four five");
  assert.deepEqual([operation.before, operation.after, operation.start, operation.end], ["two three", "2 and3", 1, 2.8]);
  const { words } = after(TALK, operation).lines[0];
  assert.deepEqual(words.map((word) => word.text), ["one", "2", "and3", "four", "five"]);
  assert.deepEqual([words[1].start, words[1].end, words[2].end], [1, 1.36, 2.8]);
});

test("a line without words disappears", () => {
  const state = after(TALK, textOperation(second, "  "));
  assert.deepEqual(shown(state).map(([, text]) => text), ["one two three four five", "eight nine"]);
});

test("words are inserted between two words, and where there is no line", () => {
  const operation = textOperation(first, "one two two-and-a-half three four five");
  assert.deepEqual([operation.before, operation.start, operation.end, operation.left, operation.right],
    ["", 1.8, 2, "one two", "three four five"]);
  assert.equal(shown(after(TALK, operation))[0][1], "one two two-and-a-half three four five");
  const written = after(TALK, insertOperation(TALK.lines, "B", 20, 22, " well  now "));
  assert.deepEqual(shown(written)[3], ["B", "well now"]);
  assert.deepEqual(written.lines[3].words.map((word) => word.start), [20, 21.143]);
});

test("new words never overlap the speaker's own lines", () => {
  const { start, end } = insertOperation(TALK.lines, "A", 4, 9, "x");
  assert.deepEqual([start, end], [4.802, 7.998]);
  assert.equal(insertOperation(TALK.lines, "A", 1, 3, "x"), null);
  const state = beginning(TALK);
  assert.equal(apply(state, { operation: "text", speaker: "A", start: 1, end: 3, before: "", after: "x" }), state);
});

test("words are written into a long pause of a line", () => {
  const words = TALK.lines[0].words.map((word) => (word.start < 3 ? word : { ...word, start: word.start + 3, end: word.end + 3 }));
  const talk = { ...TALK, lines: [{ ...TALK.lines[0], words }] };
  const operation = insertOperation(talk.lines, "A", 3, 5, "and");
  assert.deepEqual([operation.start, operation.end, operation.left, operation.right], [2.8, 6, "one two three", "four five"]);
  assert.deepEqual(shown(after(talk, operation))[0], ["A", "one two three and four five"]);
});

test("every edit of a line gives the edited text", () => {
  const texts = ["twenty -five", "twenty-five", "a b a b", "a-b -c d-e", "x", "a a a", "-a b", "the end -s -t"];
  const edits = ["", "a", "twenty five", "twenty- five", "twentyfive", "a b", "b a", "a b b", "a-b", "a -b-c d", "-x", "x y",
    "a x b a b", "a b a x b", "the ends -t", "the end-s", "a  a", "a-b-c d-e", "a-b-c-d-e", "e", "aa a", "twenty-5", "t"];
  for (const text of texts) {
    for (const edit of [...edits, ...texts]) {
      const talk = page([["A", 0, text], ["B", 90, "end"]]);
      const [line] = talk.lines;
      const operation = textOperation(line, edit);
      const wanted = edit.split(/\s+/u).filter(Boolean).join(" ");
      if (!operation) {
        assert.equal(wanted, joinWords(line.words));
        continue;
      }
      assert.ok(joinWords(line.words).includes(operation.before));
      const state = after(talk, operation);
      assert.equal(wanted ? joinWords(state.lines[0].words) : state.lines.length, wanted || 1, `${text} → ${edit}`);
    }
  }
});

test("a check marks the line and stays through changes of other lines", () => {
  const state = after(TALK, checkOperation(first), splitOperation(third, 1));
  assert.equal(state.lines[0].check?.operation, "check");
  assert.deepEqual(state.lines.slice(1).map((line) => line.check), [null, null, null]);
});

test("checks in the ledger are shown, and the ledger stays in front", () => {
  const talk = page([["A", 0, "one two"]]);
  const ledger = [{ operation: "text", speaker: "A", start: 3, before: "x", after: "y" }, checkOperation(talk.lines[0])];
  const state = after({ ...talk, ledger }, nameOperation("A", "Ana"));
  assert.ok(state.lines[0].check);
  assert.deepEqual([state.ledger, state.operations], [ledger, [nameOperation("A", "Ana")]]);
});

test("an operation without its place changes nothing", () => {
  const state = beginning(TALK);
  for (const operation of [assignOperation(first, 1, 3, "B"), splitOperation(first, 2), checkOperation(first)]) {
    assert.equal(apply(state, { ...operation, start: 50, before: "other" }), state);
  }
});
