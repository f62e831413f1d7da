// Tables as CSV that no spreadsheet takes for formulas.

/** What a spreadsheet takes for a formula at the beginning of a cell (OWASP). */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * @param {readonly string[]} header
 * @param {readonly (readonly (string | number | boolean | null)[])[]} rows
 */
export function csvText(header, rows) {
  return [header, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/** @param {string | number | boolean | null} value */
function cell(value) {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const inert = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/**
 * Downloads a CSV file; the mark at its beginning makes Excel read it as UTF-8.
 * @param {string} name
 * @param {string} text
 */
export function downloadCsv(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
