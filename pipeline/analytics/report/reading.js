// Reads the data of the page; data.py writes it.

/**
 * @typedef {object} Figure
 * @property {string} key
 * @property {string} label
 * @property {"s" | "time" | "ratio" | "count" | "per_minute" | "score" | "lufs"} unit
 * @property {string} definition
 * @property {boolean} ofAgent whether each agent in a call has a value, or the call
 * @property {number} minDeviation lower bound of the deviation when outliers are sought; 0: none are
 * @property {number} place of its value among those of the call, or of the agent
 */
/** @typedef {{ name: string | null, speaker: string | null, decision: string, figures: (number | null)[] }} Agent */
/** @typedef {{ start: number, end: number, speaker: string, text: string }} Quote */
/** @typedef {{ rule: number, passed: boolean | null, measured: string, moments: number, quotes: Quote[], reason: string }} Finding */
/** @typedef {{ name: string, severity: string, expected: string[] }} Rule */
/** @typedef {{ code: string, message: string }} Warning */
/**
 * @typedef {object} Call
 * @property {string} name
 * @property {string} link
 * @property {boolean} hasPage whether the link can open at a moment
 * @property {string | null} day
 * @property {string} daySource a manifest column, or "recording"
 * @property {string | null} language
 * @property {boolean} complete
 * @property {boolean} deleted
 * @property {string | null} duplicateOf the first call with the same recording
 * @property {(string | null)[]} columns
 * @property {Agent[]} agents
 * @property {string} roleReason why no speaker has the agent's role
 * @property {(number | null)[]} figures
 * @property {number | null} silenceStart
 * @property {Finding[]} findings
 * @property {Warning[]} warnings
 * @property {string} text everything that the filter by text looks at, in small letters
 */
/**
 * @typedef {object} Report
 * @property {string} title
 * @property {string} role
 * @property {Figure[]} figures
 * @property {string[]} columns
 * @property {Rule[]} rules
 * @property {Call[]} calls
 * @property {{ call: string, status: string, reason: string }[]} failures
 * @property {{ path: string, reason: string }[]} skipped
 */

/**
 * @param {string} text
 * @returns {Report}
 */
export function readReport(text) {
  const data = JSON.parse(text);
  /** @type {(string | null)[]} */
  const texts = data.texts;
  const at = (/** @type {number} */ number) => (number < 0 ? null : texts[number]);
  return {
    title: data.title,
    role: data.role,
    figures: placed(data.figures),
    columns: data.columns,
    rules: data.rules,
    calls: data.calls.map((/** @type {any[]} */ row) => callOf(row, at)),
    failures: data.failures.map((/** @type {any[]} */ [call, status, reason]) => ({ call, status, reason: at(reason) ?? "" })),
    skipped: data.skipped.map((/** @type {any[]} */ [path, reason]) => ({ path, reason: at(reason) ?? "" })),
  };
}

/** @param {Figure[]} figures */
function placed(figures) {
  const counts = { call: 0, agent: 0 };
  return figures.map((figure) => ({ ...figure, place: figure.ofAgent ? counts.agent++ : counts.call++ }));
}

/**
 * @param {any[]} row
 * @param {(number: number) => string | null} at
 * @returns {Call}
 */
function callOf(row, at) {
  const [name, link, page, day, source, language, marks, columns, agents, reason, figures, silence, findings, warnings, twin] = row;
  /** @type {Call} */
  const call = {
    name,
    link,
    hasPage: Boolean(page),
    day: at(day),
    daySource: at(source) ?? "",
    language: at(language),
    complete: !(marks & 1),
    deleted: Boolean(marks & 2),
    duplicateOf: at(twin),
    columns: columns.map(at),
    agents: agents.map((/** @type {any[]} */ [agent, speaker, decision, values]) => ({
      name: at(agent), speaker: at(speaker), decision: at(decision) ?? "", figures: values,
    })),
    roleReason: at(reason) ?? "",
    figures,
    silenceStart: silence,
    findings: findings.map((/** @type {any[]} */ each) => findingOf(each, at)),
    warnings: warnings.map((/** @type {number[]} */ [code, message]) => ({ code: at(code) ?? "", message: at(message) ?? "" })),
    text: "",
  };
  call.text = textOf(call);
  return call;
}

/**
 * @param {any[]} row
 * @param {(number: number) => string | null} at
 * @returns {Finding}
 */
function findingOf([rule, result, measured, moments, quotes], at) {
  return {
    rule,
    passed: result < 0 ? null : result > 0,
    measured: result === 0 ? at(measured) ?? "" : "",
    reason: result < 0 ? at(measured) ?? "" : "",
    moments: moments ?? 0,
    quotes: (quotes ?? []).map((/** @type {number[]} */ [start, end, speaker, text]) => ({
      start, end, speaker: at(speaker) ?? "", text: at(text) ?? "",
    })),
  };
}

/** @param {Call} call */
function textOf(call) {
  const quotes = call.findings.flatMap((finding) => finding.quotes.map((quote) => quote.text));
  const names = call.agents.map((agent) => agent.name);
  return [call.name, call.day, ...names, ...call.columns, ...quotes].filter(Boolean).join("\n").toLowerCase();
}
