import assert from "node:assert/strict";
import { test } from "node:test";

import { compare, dimensionsOf, groupsOf, measuresOf } from "../../../pipeline/analytics/report/grouping.js";
import { report } from "./make.mjs";

const measure = (data, id) => measuresOf(data).find((each) => each.id === id);
const dimension = (data, id) => dimensionsOf(data).find((each) => each.id === id);
const verdicts = (compared) => Object.fromEntries(compared.map(({ group, verdict }) => [group.name, verdict]));

function compared(data, by, of) {
  const groups = groupsOf(data.calls, dimension(data, by), measure(data, of));
  const values = data.calls.flatMap((call) => measure(data, of).valueOf(call) ?? []);
  return compare(groups, values.reduce((sum, value) => sum + value, 0) / values.length, measure(data, of).share);
}

const pace = (name, ...values) => values.map((value) => ({ agents: [[name, value]] }));

test("groups that differ are marked, those that do not are not, and one call is not ranked", () => {
  const data = report(
    ...pace("Ana", 100, 101, 99, 100, 102, 98), ...pace("Ben", 150, 149, 151, 150, 152, 148),
    ...pace("Cora", 124, 127, 125, 126, 124, 125), ...pace("Dan", 300),
  );
  const result = compared(data, "agent", "pace");
  const average = (600 + 900 + 751 + 300) / 19;
  assert.ok(average > 130 && average < 140);
  assert.deepEqual(verdicts(result), { Ben: "above", Cora: "below", Ana: "below", Dan: "one" });
  assert.deepEqual(result.map(({ group }) => group.name), ["Ben", "Cora", "Ana", "Dan"], "the one call is last, whatever its value");
});

test("few calls say little: the same difference is clear in thirty calls and not in two", () => {
  const spread = [90, 110, 95, 105, 100, 100];
  const shifted = spread.map((value) => value + 15);
  const many = report(...pace("Ana", ...spread, ...spread, ...spread, ...spread, ...spread), ...pace("Ben", ...shifted, ...shifted, ...shifted, ...shifted, ...shifted));
  assert.deepEqual(verdicts(compared(many, "agent", "pace")), { Ana: "below", Ben: "above" });
  const few = report(...pace("Ana", 90, 110), ...pace("Ben", 105, 125));
  assert.deepEqual(verdicts(compared(few, "agent", "pace")), { Ana: "same", Ben: "same" });
});

test("two calls that happen to be equal prove nothing", () => {
  const data = report(...pace("Ana", 120, 120), ...pace("Ben", 90, 110, 100, 130, 70, 100, 95, 105));
  assert.equal(verdicts(compared(data, "agent", "pace")).Ana, "same");
  const interval = compared(data, "agent", "pace").find(({ group }) => group.name === "Ana").interval;
  assert.ok(interval.high - interval.low > 50, "their interval has the spread of all groups");
});

test("a call with two agents counts for both, each with their own figures", () => {
  const data = report({ agents: [["Ana", 100], ["Ben", 200]] }, { agents: [["Ana", 120]] }, { agents: [["Ben", 180]] });
  const groups = groupsOf(data.calls, dimension(data, "agent"), measure(data, "pace"));
  assert.deepEqual(groups.map(({ name, values }) => [name, values]), [["Ana", [100, 120]], ["Ben", [200, 180]]]);
  const all = groupsOf(data.calls, { id: "day", label: "", agents: false, keysOf: () => ["x"] }, measure(data, "pace"));
  assert.deepEqual(all[0].values, [150, 120, 180], "elsewhere their mean");
});

test("agents without a name are never a group with a rank", () => {
  const data = report(...pace(null, 100, 100, 100), ...pace("Ana", 150, 151), ...pace("Ben", 140, 141), { agents: [] });
  const result = compared(data, "agent", "pace");
  assert.equal(verdicts(result).null, "unnamed");
  assert.equal(result[result.length - 1].group.name, null);
});

test("shares of rules leave out calls to which the rule does not apply", () => {
  const rules = (name, ...results) => results.map((result) => ({ agents: [[name, 1]], rules: [[0, result], [1, 1]] }));
  const data = report(...rules("Ana", 1, 1, -1, 0), ...rules("Ben", 0, 0, -1, -1));
  const values = (id) => groupsOf(data.calls, dimension(data, "agent"), measure(data, id)).map((group) => group.values);
  assert.deepEqual(values("rule greeting"), [[1, 1, 0], [0, 0]]);
  assert.deepEqual(values("rules"), [[1, 1, 1, 0], [0, 0, 1, 1]]);
});

test("only what calls have in common groups them", () => {
  const data = report({ name: "a/1", team: "x", day: "2026-01-01" }, { name: "a/2", team: "y", day: "2026-01-01" }, { name: "b/3", team: "z", day: "2026-01-02" });
  assert.deepEqual(dimensionsOf(data).map(({ id }) => id), ["day", "folder"]);
});

test("an agent in two teams is a group in each of them, where that is asked for", () => {
  const call = (name, pace, team) => ({ agents: [[name, pace]], team });
  const data = report(call("Ana", 100, "north"), call("Ana", 110, "north"), call("Ana", 200, "south"), call("Ben", 150, "south"), call("Ben", 150, null), call(null, 90, "south"));
  const groups = groupsOf(data.calls, dimension(data, "agent and team"), measure(data, "pace"));
  assert.deepEqual(groups.map(({ name, values }) => [name, values]), [["Ana, north", [100, 110]], ["Ana, south", [200]], ["Ben, south", [150]], [null, [150, 90]]]);
  const separate = report(call("Ana", 100, "north"), call("Ana", 110, "north"), call("Ben", 150, "south"));
  assert.equal(dimension(separate, "agent and team"), undefined);
});

test("if all groups are alike, a group is marked in about one report of twenty, or fewer", () => {
  let seed = 1;
  const random = () => ((seed = (seed * 16807) % 2147483647) / 2147483647);
  const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  let marked = 0;
  for (let run = 0; run < 200; run += 1) {
    const groups = ["A", "B", "C", "D", "E"].map((name) => ({ name, calls: [], values: Array.from({ length: 8 }, () => 100 + 10 * normal()) }));
    const all = groups.flatMap((group) => group.values);
    const result = compare(groups, all.reduce((sum, value) => sum + value, 0) / all.length, false);
    marked += result.some(({ verdict }) => verdict !== "same") ? 1 : 0;
  }
  assert.ok(marked <= 20, `${marked} of 200`);
});
