// The tab's sound, or sound and picture, in small pieces: each is told as soon as it is there.

const PIECE_MS = 1000;
const FORMATS = {
  audio: { mimeType: "audio/webm;codecs=opus", audioBitsPerSecond: 48000 },
  video: { mimeType: "video/webm;codecs=vp8,opus", audioBitsPerSecond: 48000, videoBitsPerSecond: 500000 },
};
const PLAIN_SOUND = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const PICTURE = { frameRate: { max: 8 }, width: { max: 1280 } };
let recorder = null;
let recordedStream = null;
let piecesTold = Promise.resolve();

/** Begin; '' once it runs, else why it cannot. */
async function startRecording(mode) {
  if (recorder) return "";
  try {
    recordedStream = await navigator.mediaDevices.getDisplayMedia({
      audio: PLAIN_SOUND,
      video: PICTURE,
      preferCurrentTab: true,
      selfBrowserSurface: "include",
    });
    const wanted = mode === "audio" ? new MediaStream(recordedStream.getAudioTracks()) : recordedStream;
    recorder = new MediaRecorder(wanted, FORMATS[mode]);
  } catch (error) {
    endStream();
    return String(error);
  }
  recorder.ondataavailable = ({ data }) => {
    piecesTold = piecesTold.then(() => tellPiece(data));
  };
  recorder.start(PIECE_MS);
  return "";
}

async function tellPiece(data) {
  if (!data.size) return;
  const bytes = new Uint8Array(await data.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  tell({ kind: "piece", data: btoa(text) });
}

/** End; answers when the last piece was told. */
async function stopRecording() {
  if (!recorder) return false;
  const ended = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
  if (recorder.state === "inactive") return false;
  recorder.stop();
  await ended;
  await piecesTold;
  endStream();
  return true;
}

function endStream() {
  recordedStream?.getTracks().forEach((track) => track.stop());
  recordedStream = null;
  recorder = null;
}
