// What the page says: states, numbers, errors, names of files.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fileName, messageIn, resultAddress } from "../../pipeline/server/page/api.js";
import { choices } from "../../pipeline/server/page/formats.js";
import { recordingName } from "../../pipeline/server/page/recorder.js";
import { clock, explained, left, moment, refusal, sentence, shown, size, span } from "../../pipeline/server/page/words.js";

const NOW = new Date(2026, 10, 29, 15, 0).getTime();
const JOB = {
  id: "a", status: "queued", name: "a.wav", position: 0, stage: null, progress: null, estimate_s: null, duration: null,
  error: null, notices: [], corrected: false, expires_at: null, formats: [],
};
const ITEM = { name: "a.wav", upload: "sent", sent: 0, retryAt: 0, problem: "", again: true, lost: false, job: null };

const withJob = (changes, more = {}) => shown({ ...ITEM, job: { ...JOB, ...changes }, ...more }, NOW);

test("an upload is shown with its share", () => {
  assert.equal(shown({ ...ITEM, upload: "waiting" }, NOW).line, "Waiting for the upload before it");
  const half = shown({ ...ITEM, upload: "uploading", sent: 0.506 }, NOW);
  assert.deepEqual([half.line, half.progress, half.actions], ["Uploading, 50 %", 0.506, ["cancel"]]);
  assert.equal(shown({ ...ITEM, upload: "uploading", sent: 1 }, NOW).progress, -1);
  assert.match(shown({ ...ITEM, upload: "retrying", retryAt: NOW + 4200 }, NOW).line, /next try in 5 s$/);
  assert.match(shown({ ...ITEM, upload: "retrying", retryAt: NOW - 1 }, NOW).line, /next try in 0 s$/);
  const refused = shown({ ...ITEM, upload: "refused", problem: "Why.", again: false }, NOW);
  assert.deepEqual([refused.tone, refused.line, refused.actions], ["failed", "Why.", ["remove"]]);
});

test("a job is shown by its state and stage", () => {
  assert.equal(withJob({}).line, "Waiting for a free worker");
  assert.equal(withJob({ position: 1 }).line, "Waiting: 1 recording before this one");
  assert.equal(withJob({ status: "running" }).line, "Working");
  assert.equal(withJob({ status: "running" }).progress, -1);
  const running = withJob({ status: "running", stage: "recognition", progress: 1.2, estimate_s: 240 });
  assert.deepEqual([running.line, running.progress], ["Recognizing the words · about 4 min left", 1]);
  assert.equal(withJob({ status: "running", stage: "of tomorrow" }).line, "Working");
  assert.match(withJob({ status: "running" }, { lost: true }).line, /cannot be reached/);
  assert.equal(withJob({ status: "failed", error: { message: "no sound" } }).line, "No sound.");
  assert.deepEqual(withJob({ status: "cancelled" }).actions, ["again", "remove"]);
  const done = withJob({ status: "done", duration: 3725.4, expires_at: NOW / 1000 + 2400, notices: ["truncated", "gap"] });
  assert.equal(done.line, "1:02:05 · only a part of the recording could be read · kept until 15:40");
  assert.deepEqual(done.actions, ["delete"]);
  assert.equal(withJob({ status: "done" }).line, "Ready");
  assert.equal(withJob({ status: "done", duration: 60, corrected: true }).line, "1:00 · corrected");
  assert.equal(withJob({ estimate_s: 600 }).line, "Waiting for a free worker · about 10 min left");
});

test("numbers are written for people", () => {
  assert.deepEqual([0, 999, 1000, 9949, 34_000_000, 2e9, 1e15].map(size), ["0 bytes", "999 bytes", "1 kB", "9.9 kB", "34 MB", "2 GB", "1000 TB"]);
  assert.deepEqual([0, 59.6, 3600].map(clock), ["0:00", "1:00", "1:00:00"]);
  assert.deepEqual([1, 60, 240, 5400, 9000].map(left), [
    "less than a minute left", "about 1 min left", "about 4 min left", "about 2 h left", "about 3 h left",
  ]);
  assert.deepEqual([30, 60, 5400, 86400, 200000].map(span), ["30 seconds", "1 minute", "2 hours", "24 hours", "2 days"]);
  assert.equal(moment(NOW + 86_400_000, NOW), "30 November, 15:00");
});

test("errors are sentences", () => {
  assert.deepEqual(["the file is broken", "Done.", "what now?"].map(sentence), ["The file is broken.", "Done.", "what now?".replace("w", "W")]);
  assert.match(explained({ status: 0, message: "" }), /cannot be reached/);
  assert.equal(explained({ status: 400, message: "no sound" }), "No sound.");
  assert.equal(explained({ status: 502, message: "" }), "The server answered with the error 502.");
  assert.equal(refusal({ name: "a.wav", size: 5 }, 5), "");
  assert.match(refusal({ name: "a.wav", size: 6 }, 5), /takes 5 bytes at most/);
});

test("messages and names of files are read from answers", () => {
  assert.equal(messageIn('{"error": {"message": "why"}}'), "why");
  for (const text of ["", "<html>", "null", "{}", '{"error": "x"}']) assert.equal(messageIn(text), "");
  assert.equal(fileName("attachment; filename=\"a.txt\"; filename*=UTF-8''%C3%A4%20b.txt"), "ä b.txt");
  assert.equal(fileName('attachment; filename="a \\"b\\".txt"'), 'a "b".txt');
  assert.equal(fileName("attachment; filename=a.txt"), "a.txt");
  assert.equal(fileName("attachment; filename*=UTF-8''%ff; filename=\"a.txt\""), "a.txt");
  assert.equal(fileName("inline"), "");
  assert.equal(resultAddress("a/b", "docx"), "v1/jobs/a%2Fb/result?format=docx");
});

test("formats without a label keep their name, and the page is no download", () => {
  const { usual, more } = choices(["txt", "html", "mine", "minutes-html", "docx"]);
  assert.deepEqual(usual.map((each) => each.name), ["docx", "txt"]);
  assert.deepEqual(more.map((each) => [each.label, each.opens]), [["Page with minutes", true], ["mine", false]]);
});

test("a recording is named by its day and time", () => {
  assert.equal(recordingName(new Date(2026, 0, 2, 3, 4), "webm"), "Recording 2026-01-02 03.04.webm");
});
