// Records with the microphone.

/** Formats in the order of preference: the first one that the browser can record. */
const TYPES = [
  { type: "audio/webm;codecs=opus", suffix: "webm" },
  { type: "audio/mp4", suffix: "m4a" },
  { type: "audio/ogg;codecs=opus", suffix: "ogg" },
];
/** Milliseconds between two parts of a recording, which are kept even if the browser then fails. */
const PART = 1000;
/** Milliseconds between two updates of time and level. */
const TICK = 100;
/** Bits per second: speech is clear, and an hour takes 29 MB. */
const BITS = 64_000;
/** Why there is no recording, for people, by the name of the browser's error. */
const PROBLEMS = new Map([
  ["NotAllowedError", "The browser may not use the microphone. Allow it beside the address of this page, then try again."],
  ["NotFoundError", "No microphone was found."],
  ["NotReadableError", "The microphone is in use by another program."],
]);

/** Whether this browser records here: it does so on pages of this machine and of https only. */
export function canRecord() {
  return Boolean(navigator.mediaDevices?.getUserMedia) && "MediaRecorder" in globalThis;
}

/**
 * Why the recording did not begin, for people.
 * @param {unknown} error
 */
export function recordingProblem(error) {
  const name = error instanceof Error ? error.name : "";
  return PROBLEMS.get(name) ?? "The browser cannot record with this microphone.";
}

/**
 * Begins to record; rejects where the browser does not.
 * @param {object} listeners
 * @param {(seconds: number, level: number) => void} listeners.onTick  level: 0 to 1
 * @param {(recording: File) => void} listeners.onEnd  also when the microphone goes away
 */
export async function startRecording({ onTick, onEnd }) {
  // What browsers do against noise for one speaker damages a conversation of several.
  const wanted = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
  const { type, suffix } = TYPES.find((each) => MediaRecorder.isTypeSupported(each.type)) ?? { type: "", suffix: "audio" };
  const recorder = new MediaRecorder(stream, { ...(type && { mimeType: type }), audioBitsPerSecond: BITS });
  const began = Date.now();
  const level = createMeter(stream);
  const unlock = keepScreenOn();
  /** @type {Blob[]} */
  const parts = [];
  let discarded = false;
  const timer = setInterval(() => onTick((Date.now() - began) / 1000, level.read()), TICK);
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  recorder.addEventListener("stop", () => {
    clearInterval(timer);
    level.close();
    unlock();
    for (const track of stream.getTracks()) track.stop();
    if (!discarded) onEnd(new File(parts, recordingName(new Date(began), suffix), { type: type.split(";")[0] }));
  });
  recorder.start(PART);
  return {
    stop() {
      if (recorder.state !== "inactive") recorder.stop();
    },
    discard() {
      discarded = true;
      if (recorder.state !== "inactive") recorder.stop();
    },
  };
}

/**
 * The name of a recording: its day and time.
 * @param {Date} began
 * @param {string} suffix
 */
export function recordingName(began, suffix) {
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const day = `${began.getFullYear()}-${two(began.getMonth() + 1)}-${two(began.getDate())}`;
  return `Recording ${day} ${two(began.getHours())}.${two(began.getMinutes())}.${suffix}`;
}

/**
 * Measures how loud the sound is.
 * @param {MediaStream} stream
 */
function createMeter(stream) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    read() {
      analyser.getFloatTimeDomainData(samples);
      const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      return Math.min(1, Math.max(0, 1 + Math.log10(Math.max(peak, 1e-3)) / 3)); // 60 dB
    },
    close: () => void context.close(),
  };
}

/** A telephone that switches its screen off would end the recording. The result allows that again. */
function keepScreenOn() {
  /** @type {any} */ // older browsers, and older types of TypeScript, have no wakeLock
  const device = navigator;
  const lock = device.wakeLock?.request("screen").catch(() => null);
  return () => void lock?.then((/** @type {any} */ held) => held?.release());
}
