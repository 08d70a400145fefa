// The microphone goes out in blocks, enhanced samples come in; how late they are played is counted in samples.
class Call extends AudioWorkletProcessor {
  constructor() {
    super();
    this.waiting = []; // enhanced blocks
    this.nWaiting = 0;
    this.position = 0; // in the first of them
    this.nTaken = 0; // samples of the microphone
    this.nPlayed = 0; // enhanced samples played or skipped
    this.isPlaying = false;
    this.nCalls = 0;
    this.port.onmessage = ({ data }) => { this.waiting.push(data); this.nWaiting += data.length; };
  }

  next() {
    const value = this.waiting[0][this.position++];
    this.nWaiting--;
    this.nPlayed++;
    if (this.position === this.waiting[0].length) { this.waiting.shift(); this.position = 0; }
    return value;
  }

  process(inputs, outputs) {
    const input = inputs[0][0], output = outputs[0][0];
    if (input) { this.nTaken += input.length; this.port.postMessage({ samples: input.slice(), nTaken: this.nTaken }); }
    if (!this.isPlaying && this.nWaiting > 0.04 * sampleRate) this.isPlaying = true; // 40 ms against hiccups
    while (this.nWaiting > 0.4 * sampleRate) this.next(); // catch up after one
    for (let i = 0; i < output.length; i++) {
      if (!this.isPlaying || this.nWaiting === 0) { this.isPlaying = false; break; }
      output[i] = this.next();
    }
    if (this.isPlaying && this.nCalls++ % 50 === 0)
      this.port.postMessage({ latency: (this.nTaken - this.nPlayed) / sampleRate });
    return true;
  }
}
registerProcessor("avse-call", Call);
