// Answers the samples of one safetensors file with a tape: node node.js PLAYER TAPE SAMPLES.
// Prints one JSON line with the outputs of all samples, and the milliseconds of each.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [player, tapeFile, samplesFile] = process.argv.slice(2);
const { play, readSafetensors, readTape } = await import(pathToFileURL(player).href);
const read = (path) => { const file = readFileSync(path); return file.buffer.slice(file.byteOffset, file.byteOffset + file.length); };
const tape = readTape(read(tapeFile));
const { arrays } = readSafetensors(read(samplesFile));
const outputs = Object.fromEntries(Object.keys(tape.outputs).map((name) => [name, []]));
const milliseconds = [];
const total = Object.values(arrays)[0].shape[0];
for (let i = 0; i < total; i++) {
  const inputs = {};
  for (const [name, { data }] of Object.entries(arrays)) {
    const size = data.length / total;
    inputs[name] = data.subarray(i * size, (i + 1) * size);
  }
  const start = performance.now();
  const made = play(tape, inputs);
  milliseconds.push(performance.now() - start);
  // Words for what JSON has not.
  for (const [name, { data }] of Object.entries(made)) outputs[name].push(Array.from(data, (x) => (Number.isFinite(x) ? x : String(x))));
}
console.log(JSON.stringify({ outputs, milliseconds }));
