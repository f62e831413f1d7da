// Small parts of several sections: links to moments, definitions, names that are not known.

import { make } from "../../formats/page/dom.js";
import { clock, counted } from "./numbers.js";

/** @typedef {import("./reading.js").Call} Call */
/** @typedef {import("./reading.js").Finding} Finding */

/** How a role was decided, in words. */
const DECISIONS = new Map([
  ["channel", "by the channel"], ["manifest", "by the manifest"], ["voice", "by the voice"], ["phrase", "by a phrase"],
  ["given", "by a given name"], ["first", "by who speaks first"], ["other", "as the other speaker"], ["label", "by the label"],
]);

/**
 * The name of a call; a link where it has a page or a text.
 * @param {Call} call
 */
export function callLink(call) {
  return call.link ? make("a", { href: call.link }, call.name) : make("span", {}, call.name);
}

/**
 * A time in a call; a link where the call's page can open there.
 * @param {Call} call
 * @param {number} start in seconds
 */
export function moment(call, start) {
  if (!call.hasPage) return make("span", { class: "moment" }, clock(start));
  return make("a", { class: "moment", href: `${call.link}#t=${start}`, "aria-label": `${call.name} at ${clock(start)}` }, clock(start));
}

/**
 * Where a rule was broken: what was measured, and the moments with their words.
 * @param {Call} call
 * @param {Finding} finding
 */
export function evidence(call, finding) {
  const quotes = finding.quotes.map((quote) => make("li", {},
    moment(call, quote.start), " ", make("q", { dir: "auto" }, quote.text), quote.speaker && ` – ${quote.speaker}`));
  const rest = finding.moments - finding.quotes.length;
  return [
    ...(finding.measured ? [make("span", { class: "asked" }, `measured: ${finding.measured}`)] : []),
    ...(quotes.length ? [make("ul", { class: "quotes" }, ...quotes)] : []),
    ...(rest > 0 ? [make("span", { class: "asked" }, `and ${counted(rest, "more moment")}`)] : []),
  ];
}

/** @param {string} severity */
export function severityMark(severity) {
  return make("span", { class: `severity ${["info", "warning", "critical"].includes(severity) ? severity : "warning"}` }, severity);
}

/**
 * @param {readonly { label: string, definition: string }[]} list
 */
export function definitions(list) {
  const terms = list.map(({ label, definition }) => make("div", {}, make("dt", {}, label), make("dd", {}, definition)));
  return make("details", { class: "definitions" }, make("summary", {}, "What these figures mean"), make("dl", {}, ...terms));
}

/**
 * The agents of a call with how their role is known.
 * @param {Call} call
 * @param {string} role
 */
export function agentFacts(call, role) {
  const known = call.agents.map((agent) => {
    const who = agent.name ?? "name unknown";
    return `${who} (${[agent.speaker, DECISIONS.get(agent.decision) ?? agent.decision].filter(Boolean).join(", ")})`;
  });
  const unknown = call.roleReason ? [`speaker unknown: ${call.roleReason}`] : [];
  return `${role}: ${[...known, ...unknown].join("; ")}`;
}

/** @param {Call} call */
export function namesOf(call) {
  return call.agents.map((agent) => agent.name ?? "(no name)").join(", ");
}

/** @param {Call} call */
export function marksOf(call) {
  const twin = call.duplicateOf !== null && `same recording as ${call.duplicateOf}`;
  return [!call.complete && "cut short", call.deleted && "recording removed", twin].filter(Boolean).join(", ");
}
