// Before and after are two channels of one file: they cannot drift apart, and a switch is a cross-fade of two gains.
const FADE_S = 0.005;
const LATE_S = { playing: 0.25, paused: 0.005 }; // a video farther from the audio than this is moved, a nearer one sped
let audio = null, context = null, gains = null, frame = 0, chosen = 0, heard = "after";

const make = (tag, properties, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

const stop = () => {
  cancelAnimationFrame(frame);
  if (audio) audio.pause();
  if (context) context.close();
  audio = context = gains = null;
};

const connect = () => {
  if (context) return;
  context = new AudioContext();
  const split = context.createChannelSplitter(2);
  context.createMediaElementSource(audio).connect(split);
  gains = { before: context.createGain(), after: context.createGain() };
  ["before", "after"].forEach((name, channel) => {
    gains[name].gain.value = name === heard ? 1 : 0;
    split.connect(gains[name], channel);
    gains[name].connect(context.destination);
  });
};

const listen = (root, name) => {
  heard = name;
  root.dataset.heard = name;
  for (const button of root.querySelectorAll("button[data-side]"))
    button.setAttribute("aria-pressed", String(button.dataset.side === name));
  if (gains) for (const side of ["before", "after"])
    gains[side].gain.setTargetAtTime(side === name ? 1 : 0, context.currentTime, FADE_S);
};

const follow = (root, value, result) => {
  const head = root.querySelectorAll(".playhead");
  const clips = [[root.querySelector("video.scene"), value.video_start_s],
                 [root.querySelector("video.mouth"), -result.mouth_start_s]];
  const step = () => {
    if (!audio) return;
    const time = audio.currentTime;
    head.forEach(line => { line.style.left = `${100 * time / result.duration_s}%`; });
    root.querySelector(".clock").textContent = `${time.toFixed(1)} / ${result.duration_s.toFixed(1)} s`;
    for (const [clip, start] of clips) {
      if (!clip || clip.error || !(clip.readyState > 0)) continue;
      const wanted = Math.max(0, time + start);
      const late_s = audio.paused ? LATE_S.paused : LATE_S.playing;
      const behind_s = wanted - clip.currentTime;
      if (!clip.seeking && clip.paused === audio.paused && Math.abs(behind_s) > late_s)
        clip.currentTime = Math.min(wanted, clip.duration || wanted);
      clip.playbackRate = Math.min(1.25, Math.max(0.75, 1 + 3 * behind_s));
      if (audio.paused !== clip.paused && !clip.ended) audio.paused ? clip.pause() : clip.play().catch(() => {});
    }
    root.dataset.playing = String(!audio.paused);
    root.querySelector("button.play").textContent = audio.paused ? "Play" : "Pause";
    frame = requestAnimationFrame(step);
  };
  step();
};

const clip = (name, address, title) => {
  const video = make("video", { className: name, src: address, muted: true, playsInline: true, preload: "auto", title });
  video.addEventListener("error", () => {
    video.replaceWith(make("p", { textContent: `${title}: this browser cannot play its codec; the audio plays without it` }));
  });
  return video;
};

const lane = (result) => {
  const strip = make("div", { className: "lane", title: "green: the video was used" });
  for (const [start, end] of result.spans)
    strip.append(make("i", { style: `left:${100 * start / result.duration_s}%;width:${100 * (end - start) / result.duration_s}%` }));
  return strip;
};

const timeline = (name, result) => {
  const strip = make("div", { className: "timeline" },
    make("img", { src: result.spectrograms[name], alt: `spectrogram ${name}` }), make("i", { className: "playhead" }));
  strip.title = "click to play from here";
  strip.addEventListener("click", event => {
    const box = strip.getBoundingClientRect();
    audio.currentTime = result.duration_s * (event.clientX - box.left) / box.width;
  });
  return strip;
};

const label = (text, detail) => make("div", { className: "label" }, text, make("small", { textContent: detail }));

const axis = (result) => {
  const strip = make("div", { className: "axis" });
  for (const share of [0, 0.25, 0.5, 0.75, 1])
    strip.append(make("span", { textContent: `${(share * result.duration_s).toFixed(1)} s` }));
  return strip;
};

const rows = (result) => {
  const band = `0 to ${result.top_khz} kHz`;
  const table = make("div", { className: "rows" }, label("before", band), timeline("before", result));
  if (result.mouth) table.append(label("video used", ""), lane(result));
  table.append(label("after", band), timeline("after", result), label("", ""), axis(result));
  return table;
};

const loudness = (result) => {
  if (result.before_lufs === null || result.after_lufs === null) return "";
  const lower = Math.min(result.before_lufs, result.after_lufs);
  return `both play at ${lower.toFixed(1)} LUFS; the files have ${result.before_lufs.toFixed(1)} and ${result.after_lufs.toFixed(1)}`;
};

const draw = () => {
  const root = element.querySelector(".avse-player"), value = props.value;
  if (!root) return;
  stop();
  root.replaceChildren();
  root.hidden = !(value && value.results && value.results.length);
  root.dataset.results = root.hidden ? "0" : String(value.results.length);
  if (root.hidden) return;
  chosen = Math.min(chosen, value.results.length - 1);
  const result = value.results[chosen];
  if (value.results.length > 1)
    root.append(make("div", { className: "bar" }, ...value.results.map((one, index) => {
      const button = make("button", { textContent: one.name, onclick: () => { chosen = index; draw(); } });
      button.setAttribute("aria-pressed", String(index === chosen));
      return button;
    })));
  audio = new Audio(result.audio);
  audio.preload = "auto";
  const play = make("button", { className: "play", textContent: "Play", onclick: async () => {
    connect();
    await context.resume();
    audio.paused ? await audio.play() : audio.pause();
  } });
  const sides = ["before", "after"].map(side => {
    const button = make("button", { textContent: side, onclick: () => listen(root, side) });
    button.dataset.side = side;
    return button;
  });
  const views = make("div", { className: "views" });
  if (value.video) views.append(clip("scene", value.video, "video"));
  if (result.mouth) views.append(make("figure", {}, clip("mouth", result.mouth, "mouth"),
    make("figcaption", { textContent: "the mouth as the model saw it" })));
  root.append(make("p", { className: "name", textContent: result.name }), views,
    make("div", { className: "bar" }, play, ...sides, make("span", { className: "clock" }),
      make("small", { className: "loudness", textContent: loudness(result) })),
    rows(result),
    make("div", { className: "bar" }, ...result.downloads.map(file => make("a", { className: "download",
      href: file.address, download: file.name, textContent: `download ${file.name}` }))));
  audio.addEventListener("loadedmetadata", () => { root.dataset.ready = "true"; });
  listen(root, heard);
  follow(root, value, result);
};

watch("value", () => { chosen = 0; draw(); });
draw();
