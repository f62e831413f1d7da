// Small reports for the unit tests.

import { readReport } from "../../../pipeline/analytics/report/reading.js";

const FIGURES = [
  { key: "duration", label: "length", unit: "time", definition: "", ofAgent: false, minDeviation: 30 },
  { key: "pace", label: "agent's pace", unit: "per_minute", definition: "", ofAgent: true, minDeviation: 15 },
];

/**
 * A report of calls given as { name, day, agents: [[name, pace]], team, length, rules: [[rule, result, quotes]], warnings }.
 */
export function report(...calls) {
  const texts = [];
  const number = (text) => {
    if (text === null || text === undefined) return -1;
    if (!texts.includes(text)) texts.push(text);
    return texts.indexOf(text);
  };
  const rows = calls.map((call, i) => [
    call.name ?? `call${i}`, call.link ?? "", call.page ?? 0, number(call.day), number("recording"), number("en"), call.marks ?? 0,
    [number(call.team)], (call.agents ?? []).map(([name, pace]) => [number(name), number("agent"), number("channel"), [pace]]),
    number(call.reason ?? ""), [call.length ?? 60], null,
    (call.rules ?? []).map(([rule, result]) => (result === 0 ? [rule, 0, number(""), 1, [[3, 4, number("agent"), number(call.quote ?? "no")]]] : [rule, result, number("no role")])),
    (call.warnings ?? []).map((code) => [number(code), number(`about ${code}`)]), number(call.twin),
  ]);
  return readReport(JSON.stringify({
    title: "Calls", role: "agent", figures: FIGURES, columns: ["team"],
    rules: [{ name: "greeting", severity: "warning", expected: [] }, { name: "promise", severity: "critical", expected: [] }],
    calls: rows, failures: [], skipped: [], texts,
  }));
}
