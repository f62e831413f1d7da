import assert from "node:assert/strict";
import { test } from "node:test";

import { csvText } from "../../../pipeline/analytics/report/csv.js";
import { ANY, filtered, inWords, noFilter, WITHOUT } from "../../../pipeline/analytics/report/filters.js";
import { bounded, clock, percent, written } from "../../../pipeline/analytics/report/numbers.js";
import { sortedBy } from "../../../pipeline/analytics/report/table.js";
import { report } from "./make.mjs";

const DATA = report(
  { name: "a", day: "2026-11-02", team: "north", agents: [["Ana", 1]], rules: [[0, 1]], length: 20 },
  { name: "b", day: "2026-11-03", team: "south", agents: [["Ben", 1]], rules: [[0, 0]], quote: "No Refund", warnings: ["coverage"], length: 90 },
  { name: "c", team: "north", agents: [], reason: "no phrase", rules: [[0, -1]], marks: 1, length: 300 },
);
const names = (changes) => filtered(DATA, { ...noFilter(), ...changes }).map((call) => call.name).join("");

test("each filter leaves the calls that it asks for", () => {
  assert.equal(names({}), "abc");
  assert.equal(names({ text: "refund no" }), "b", "all words, also in quoted moments, in any case");
  assert.equal(names({ agent: "Ana" }), "a");
  assert.equal(names({ agent: WITHOUT }), "c");
  assert.equal(names({ columns: { team: "north" } }), "ac");
  assert.equal(names({ columns: { team: "north" }, agent: ANY }), "a");
  assert.equal(names({ from: "2026-11-03" }), "b");
  assert.equal(names({ to: "2026-11-02" }), "a");
  assert.equal(names({ rule: ANY }), "b");
  assert.equal(names({ rule: WITHOUT }), "ac");
  assert.equal(names({ rule: "promise" }), "");
  assert.equal(names({ warning: "coverage" }), "b");
  assert.equal(names({ warning: WITHOUT }), "ac");
  assert.equal(names({ state: "unknown" }), "c");
  assert.equal(names({ state: "incomplete" }), "c");
  assert.equal(names({ state: "deleted" }), "");
  assert.equal(names({ minLength: 90 }), "bc");
});

test("each recording counts once where that is asked for", () => {
  const data = report({ name: "a" }, { name: "b", twin: "a" }, { name: "c" });
  const shown = (state) => filtered(data, { ...noFilter(), state }).map((call) => call.name).join("");
  assert.deepEqual([shown("once"), shown("duplicate"), shown("")], ["ac", "b", "abc"]);
});

test("the filter is written in words", () => {
  assert.equal(inWords(noFilter(), "agent"), "");
  assert.equal(inWords({ ...noFilter(), agent: "Ana", columns: { team: ANY }, minLength: 30 }, "agent"), "agent: Ana; team: any; at least 30 s long");
});

test("CSV cells are no formulas, and quotes are doubled", () => {
  const text = csvText(["call", "=sum"], [["=cmd()", -1.5], ['say "no", now', null], ["+1", true], ["@x", 2], ["-a\nb", 0]]);
  assert.equal(text, "call,'=sum\r\n'=cmd(),-1.5\r\n\"say \"\"no\"\", now\",\r\n'+1,true\r\n'@x,2\r\n\"'-a\nb\",0\r\n");
});

test("figures are written with their units", () => {
  assert.equal(clock(59.6), "1:00");
  assert.equal(clock(3725), "1:02:05");
  assert.equal(percent(0.034), "3.4\u00a0%");
  assert.equal(percent(0.999), "100\u00a0%");
  assert.equal(written(-0.25, "score"), "−0.25");
  assert.equal(written(null, "s"), "–");
  assert.equal(bounded(1.2, "ratio"), 1);
  assert.equal(bounded(-3, "count"), 0);
  assert.equal(bounded(-30, "lufs"), -30);
});

test("rows without a value are last, in both directions", () => {
  const rows = [{ v: 2 }, { v: null }, { v: 10 }];
  assert.deepEqual(sortedBy(rows, ({ v }) => v, false).map(({ v }) => v), [2, 10, null]);
  assert.deepEqual(sortedBy(rows, ({ v }) => v, true).map(({ v }) => v), [10, 2, null]);
});
