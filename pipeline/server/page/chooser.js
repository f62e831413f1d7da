// The card at the top: choose, drop or record; then say how many speak, and send.

import { byId, make, setChildren } from "../../formats/page/dom.js";
import { canRecord, recordingProblem, startRecording } from "./recorder.js";
import { storedLanguage, storeLanguage } from "./storage.js";
import { clock, refusal, size, span } from "./words.js";

/**
 * @param {object} parts
 * @param {number} parts.largest  bytes that the server takes
 * @param {number} parts.kept     seconds for which it keeps a result
 * @param {(files: readonly File[], settings: import("./api.js").Settings) => void} parts.send
 * @param {(text: string) => void} parts.announce
 */
export function createChooser({ largest, kept, send, announce }) {
  /** @type {readonly File[]} */
  let chosen = [];
  let isOwnRecording = false;
  /** @type {Awaited<ReturnType<typeof startRecording>> | null} */
  let recording = null;
  const input = /** @type {HTMLInputElement} */ (byId("files"));
  const speakers = /** @type {HTMLInputElement} */ (byId("speakers"));
  const language = /** @type {HTMLSelectElement} */ (byId("language"));
  const audio = /** @type {HTMLAudioElement} */ (byId("preview-audio"));
  const copy = /** @type {HTMLAnchorElement} */ (byId("preview-save"));

  /** @param {"empty" | "recording" | "chosen"} part */
  function show(part) {
    byId("empty").hidden = part !== "empty";
    byId("recording").hidden = part !== "recording";
    byId("settings").hidden = part !== "chosen";
  }

  /** @param {string} text */
  function say(text) {
    byId("choice-problem").textContent = text;
    byId("choice-problem").hidden = !text;
  }

  /**
   * @param {readonly File[]} files
   * @param {boolean} [own] whether the page recorded it
   */
  function choose(files, own = false) {
    if (recording || !files.length) return;
    const problems = files.flatMap((file) => refusal(file, largest) || []);
    say(problems.join(" "));
    const good = files.filter((file) => !refusal(file, largest));
    if (!good.length) return;
    chosen = good;
    isOwnRecording = own;
    setChildren(byId("chosen"), chosen.map((file) =>
      make("li", {}, make("span", { class: "name", dir: "auto" }, file.name), make("span", { class: "fact" }, size(file.size)))));
    preview();
    show("chosen");
    byId("send").focus();
  }

  /** A recording of the page can be listened to and kept: there is no other copy. */
  function preview() {
    if (audio.src) URL.revokeObjectURL(audio.src);
    byId("preview").hidden = !isOwnRecording;
    audio.removeAttribute("src");
    if (!isOwnRecording) return;
    audio.src = copy.href = URL.createObjectURL(chosen[0]);
    copy.download = chosen[0].name;
  }

  function clear() {
    chosen = [];
    isOwnRecording = false;
    input.value = "";
    preview();
    show("empty");
  }

  async function record() {
    const button = /** @type {HTMLButtonElement} */ (byId("record"));
    say("");
    button.disabled = true;
    try {
      recording = await startRecording({ onTick, onEnd: finish });
    } catch (error) {
      say(recordingProblem(error));
      return;
    } finally {
      button.disabled = false;
    }
    onTick(0, 0);
    show("recording");
    byId("stop").focus();
    announce("Recording");
  }

  /**
   * @param {number} seconds
   * @param {number} level
   */
  function onTick(seconds, level) {
    byId("recorded").textContent = clock(seconds);
    byId("level").style.setProperty("--level", level.toFixed(2));
  }

  /** @param {File} file */
  function finish(file) {
    recording = null;
    show("empty");
    choose([file], true);
    announce("Recorded");
  }

  function discard() {
    recording?.discard();
    recording = null;
    show("empty");
    byId("record").focus();
  }

  /** @param {DragEvent} event */
  function drop(event) {
    event.preventDefault();
    byId("new").classList.remove("over");
    const items = [...(event.dataTransfer?.items ?? [])].filter((item) => item.kind === "file");
    if (items.some((item) => item.webkitGetAsEntry()?.isDirectory)) say("That is a folder: drop the recordings in it.");
    else choose([...(event.dataTransfer?.files ?? [])]);
  }

  function connect() {
    const limits = [`Audio or video, up to ${size(largest)}`, `the server deletes it after ${span(kept)}`];
    byId("limits").textContent = `${limits.join("; ")}.`;
    byId("record").hidden = !canRecord();
    byId("no-recording").hidden = canRecord();
    byId("choose").addEventListener("click", () => input.click());
    byId("other").addEventListener("click", clear);
    byId("record").addEventListener("click", record);
    byId("stop").addEventListener("click", () => recording?.stop());
    byId("discard").addEventListener("click", discard);
    input.addEventListener("change", () => choose([...(input.files ?? [])]));
    byId("settings").addEventListener("submit", (event) => {
      event.preventDefault();
      storeLanguage(language.value);
      send(chosen, { speakers: speakers.value, language: language.value });
      speakers.value = "";
      clear();
      byId("choose").focus();
    });
    addEventListener("dragover", (event) => {
      event.preventDefault();
      byId("new").classList.add("over");
    });
    addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) byId("new").classList.remove("over");
    });
    addEventListener("drop", drop);
    language.value = storedLanguage();
    if (language.selectedIndex < 0) language.value = "";
  }

  connect();
  return {
    /** Whether a recording would be lost with the page. */
    get hasRecording() {
      return Boolean(recording) || isOwnRecording;
    },
  };
}
