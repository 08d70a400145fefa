const FRAMES_PER_S = 12.5, WIDTH = 320;
const WISHES = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, voiceIsolation: false, channelCount: 1 };
const root = element.querySelector(".avse-live");
let call = null;

const show = (name, text) => { root.querySelector(`[data-fact=${name}]`).textContent = text; };

const message = (kind, ...parts) => new Blob([new Uint8Array([kind]), ...parts]);

const end = text => {
  if (!call) return;
  const { socket, context, stream, timer } = call;
  call = null;
  clearInterval(timer);
  stream.getTracks().forEach(track => track.stop());
  context.close();
  socket.close();
  root.dataset.state = "idle";
  root.querySelector("button").textContent = "Start";
  if (text) show("state", text);
};

const sendFrames = (own, video) => setInterval(() => {
  if (call !== own || !own.nTaken || video.readyState < 2 || own.socket.bufferedAmount > 500000) return;
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = Math.round(WIDTH * video.videoHeight / video.videoWidth);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  const time = new Float64Array([own.nTaken / own.context.sampleRate]);
  canvas.toBlob(blob => { if (call === own) own.socket.send(message(1, time, blob)); }, "image/jpeg", 0.8);
}, 1000 / FRAMES_PER_S);

const begin = async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: WISHES, video: { width: 640, frameRate: 25 } })
    .catch(() => navigator.mediaDevices.getUserMedia({ audio: WISHES })); // no camera: audio-only
  const context = new AudioContext({ latencyHint: "interactive" });
  const code = new Blob([props.worklet], { type: "text/javascript" });
  await context.audioWorklet.addModule(URL.createObjectURL(code));
  const socket = new WebSocket(location.href.replace(/^http/, "ws").replace(/[?#].*$/, "").replace(/\/?$/, "/avse/live"));
  socket.binaryType = "arraybuffer";
  const own = call = { socket, context, stream, nTaken: 0, nBack: 0, timer: 0 };
  const node = new AudioWorkletNode(context, "avse-call", { numberOfInputs: 1, numberOfOutputs: 1, outputChannelCount: [1] });
  const out = context.createGain();
  const settings = stream.getAudioTracks()[0].getSettings();
  root.dataset.processing = String(["echoCancellation", "noiseSuppression", "autoGainControl"].some(name => settings[name]));
  socket.onopen = () => {
    socket.send(JSON.stringify({ sample_rate: context.sampleRate }));
    context.createMediaStreamSource(stream).connect(node).connect(out).connect(context.destination);
    root.dataset.state = "live";
    root.querySelector("button").textContent = "Stop";
    show("state", "live");
  };
  let waiting = [], nWaiting = 0;
  node.port.onmessage = ({ data }) => {
    if (data.latency !== undefined) {
      const latency = data.latency + (context.baseLatency || 0) + (context.outputLatency || 0);
      root.dataset.latency = String(Math.round(1000 * latency));
      return show("latency", `${Math.round(1000 * latency)} ms`);
    }
    own.nTaken = data.nTaken;
    waiting.push(data.samples);
    nWaiting += data.samples.length;
    if (nWaiting < 0.01 * context.sampleRate || socket.readyState !== 1) return;
    socket.send(message(0, ...waiting));
    waiting = [];
    nWaiting = 0;
  };
  socket.onmessage = ({ data }) => {
    if (typeof data !== "string") {
      own.nBack += data.byteLength / 4;
      root.dataset.back = String(own.nBack);
      const samples = new Float32Array(data);
      return node.port.postMessage(samples, [samples.buffer]);
    }
    const facts = JSON.parse(data);
    if (facts.error) return end(facts.error);
    show("face", facts.face);
    show("state", facts.load > 1 ? "this machine is too slow to keep up; close other programs" : "live");
    show("load", `${Math.round(100 * facts.load)} %`);
    root.dataset.frames = String(facts.n_frames);
  };
  socket.onclose = () => end("ended");
  const video = root.querySelector("video");
  video.srcObject = stream;
  video.play().catch(() => {});
  own.timer = sendFrames(own, video);
};

root.querySelector("button").addEventListener("click", () => {
  if (call) return end("stopped");
  begin().catch(error => { end(); show("state", `microphone must be usable but is not (${error.name}); allow it`); });
});
