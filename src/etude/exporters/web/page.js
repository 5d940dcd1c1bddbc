// The page around a tape: an input that is drawn, chosen or typed, and the network's answer.
import { play, readTape } from "./player.js";
import { fit } from "./fit.js";

const page = JSON.parse(document.getElementById("page").textContent);
const bytes = Uint8Array.from(atob(document.getElementById("tape").textContent), (c) => c.charCodeAt(0));
const tape = readTape(bytes.buffer);
const $ = (id) => document.getElementById(id);
let lang = page.lang;

/** A sentence of the page, its values filled in. */
function say(key, values = {}) {
  return page.words[lang][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** An element with properties and children. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") for (const [event, f] of Object.entries(value)) element.addEventListener(event, f);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const number = (x, digits = 4) => (Number.isFinite(x) ? new Intl.NumberFormat(lang, { maximumSignificantDigits: digits }).format(x) : "–");
const percent = (p) => new Intl.NumberFormat(lang, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(p);
const button = (key, click, more = {}) => make("button", { type: "button", textContent: say(key), on: { click }, ...more });
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// The check of the player on this device -----------------------------------------------------------

/** The largest difference from étude's answers, in spreads of the output; NaN counts as infinite. */
function difference() {
  let worst = 0;
  for (const probe of [...page.probes, ...page.samples]) {
    const made = play(tape, inputs(probe));
    for (const [name, wanted] of Object.entries(probe.answers)) {
      wanted.forEach((value, i) => {
        const off = Math.abs(made[name].data[i] - value) / page.spread[name];
        worst = Math.max(worst, Number.isFinite(off) ? off : Infinity);
      });
    }
  }
  return worst;
}

const inputs = ({ x, length }) => {
  const raw = { x: x.map((value) => (value === null ? NaN : value)) };
  return "lengths" in tape.inputs ? { ...raw, lengths: [length] } : raw;
};

// Answers ------------------------------------------------------------------------------------------

const worst = difference();
const trusted = worst <= page.tolerance;
let current = page.samples[0] ?? { x: page.blank, length: page.length };
let truth = null;

/** Answers an input and shows the answer. */
function answer(sample) {
  if (!trusted) return;
  current = sample;
  let made;
  try {
    made = play(tape, inputs(sample));
  } catch (error) {
    refuse(error.message);
    return;
  }
  const shown = Object.fromEntries(Object.entries(made).map(([name, value]) => [name, Array.from(value.data)]));
  if (Object.values(shown).some((values) => values.some((x) => !Number.isFinite(x)))) {
    refuse(say("finite"));
    return;
  }
  truth = sample.truth ?? null;
  $("detail").replaceChildren(...SHOW[page.answers](shown, sample));
}

function refuse(reason) {
  $("answer").textContent = reason;
  $("detail").replaceChildren();
}

const truthLine = () => (truth === null ? [] : [make("p", { className: "soft", textContent: say("truth", { value: page.classes[truth] ?? number(truth) }) })]);

function bar(name, share, first) {
  const fill = make("div", { className: "fill" });
  fill.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return make("div", { className: first ? "bar-row top" : "bar-row" },
    make("span", { textContent: name, title: name }), make("div", { className: "track", "aria-hidden": "true" }, fill), make("b", { textContent: percent(share) }));
}

function classes({ probabilities }) {
  const order = probabilities.map((_, i) => i).sort((a, b) => probabilities[b] - probabilities[a]);
  $("answer").textContent = say("class", { name: page.classes[order[0]], share: percent(probabilities[order[0]]) });
  const rows = order.map((i, rank) => bar(page.classes[i], probabilities[i], rank === 0));
  const rest = rows.slice(5);
  const more = rest.length ? [make("details", {}, make("summary", { textContent: say("rest", { count: rest.length }) }), ...rest)] : [];
  return [...rows.slice(0, 5), ...more, ...truthLine()];
}

function values({ values: all }) {
  const said = all.map((value, i) => (page.targets[i] ? `${page.targets[i]}: ` : "") + `${number(value)} ${page.unit}`.trim());
  $("answer").textContent = said.join(", ");
  return truthLine();
}

function forecast(made, sample) {
  const scale = page.panel ? page.panel.series[sample.series ?? 0] : null;
  const own = (value) => (scale && page.panel.series.length > 1 ? back(value, scale) : value);
  const middle = made.forecast.map(own);
  const levels = made.quantiles ? made.quantiles.length / middle.length : 0;
  const band = levels ? [0, levels - 1].map((k) => middle.map((_, i) => own(made.quantiles[i * levels + k]))) : null;
  $("answer").textContent = say("forecast", { value: number(middle[0]), last: number(middle[middle.length - 1]), steps: middle.length, unit: page.unit });
  const plot = make("canvas", { className: "plot", width: 900, height: 380 });
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", say("plot", { known: past(sample).length, steps: middle.length }));
  lines(plot, past(sample), middle, band, sample.future ?? null);
  const rows = middle.map((value, i) => make("tr", {}, make("th", { scope: "row", textContent: `+${i + 1}` }),
    make("td", { textContent: number(value) }), ...(band ? band.map((side) => make("td", { textContent: number(side[i]) })) : [])));
  const head = make("tr", {}, ...["step", "value", ...(band ? ["low", "high"] : [])].map((key) => make("th", { scope: "col", textContent: say(key) })));
  return [plot, make("details", {}, make("summary", { textContent: say("table") }), make("table", {}, head, ...rows))];
}

const back = (value, { mean, std }) => { const plain = value * std + mean; return page.panel.log ? Math.exp(plain) : plain; };

/** The known values of a sample in their own units. */
function past(sample) {
  const channels = page.shape[page.shape.length - 1];
  const steps = page.panel ? page.panel.length : sample.length;
  const known = Array.from({ length: steps }, (_, t) => sample.x[t * channels]);
  return page.panel ? known.map((value) => back(value, page.panel.series[sample.series ?? 0])) : known;
}

/** A line plot of known values, the forecast and its band. */
function lines(canvas, known, ahead, band, future) {
  const context = canvas.getContext("2d");
  const every = [...known, ...ahead, ...(band ?? []).flat(), ...(future ?? [])];
  const [low, high] = [Math.min(...every), Math.max(...every)];
  const [left, right, top, bottom] = [96, canvas.width - 12, 18, canvas.height - 44];
  const x = (i) => left + (i / Math.max(1, known.length + ahead.length - 1)) * (right - left);
  const y = (v) => bottom - ((v - low) / (high - low || 1)) * (bottom - top);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.font = "24px system-ui";
  context.fillStyle = colour("--ink");
  context.strokeStyle = colour("--faint");
  for (const v of [low, (low + high) / 2, high]) {
    context.beginPath(); context.moveTo(left, y(v)); context.lineTo(right, y(v)); context.stroke();
    context.textAlign = "right"; context.fillText(number(v, 3), left - 8, y(v) + 6);
  }
  const start = known.length;
  if (band) {
    context.fillStyle = colour("--red"); context.globalAlpha = 0.25; context.beginPath();
    band[0].forEach((v, i) => context.lineTo(x(start + i), y(v)));
    [...band[1]].reverse().forEach((v, i) => context.lineTo(x(start + ahead.length - 1 - i), y(v)));
    context.fill(); context.globalAlpha = 1;
  }
  const draw = (points, from, name, dash) => {
    context.strokeStyle = colour(name); context.lineWidth = 3; context.setLineDash(dash); context.beginPath();
    points.forEach((v, i) => context.lineTo(x(from + i), y(v))); context.stroke(); context.setLineDash([]); context.lineWidth = 1;
  };
  draw(known, 0, "--blue", []);
  if (future) draw([known[known.length - 1], ...future], start - 1, "--ink", [2, 5]);
  draw([known[known.length - 1], ...ahead], start - 1, "--red", [10, 5]);
  context.fillStyle = colour("--ink"); context.textAlign = "left";
  context.fillText(say("legend"), left, canvas.height - 10);
}

function codes({ image, code, error }) {
  const [channels, height, width] = page.shape;
  const before = make("canvas", { className: "small", width, height });
  const after = make("canvas", { className: "small", width, height });
  picture(before, current.x); picture(after, image);
  $("answer").textContent = say("error", { value: number(error[0]) });
  setCode(code);
  return [make("div", { className: "pair" }, make("figure", {}, before, make("figcaption", { textContent: say("seen") })),
    make("figure", {}, after, make("figcaption", { textContent: say("decoded") })))];
}

const SHOW = { classes, values, forecast, codes };

/** Draws raw values [C H W] on a canvas of the same size. */
function picture(canvas, x) {
  const [channels, height, width] = page.shape;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const [low, high] = page.pixels;
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = ((x[(channels === 3 ? c : 0) * height * width + i] - low) / (high - low)) * 255;
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

// Inputs -------------------------------------------------------------------------------------------

/** Bytes 0..255 in the units of the training data. */
function inUnits(pixels) {
  const [low, high] = page.pixels;
  if (low === 0 && high === 255) return Array.from(pixels);
  return Array.from(pixels, (p) => { const value = low + p * ((high - low) / 255); return page.whole ? Math.round(value) : value; });
}

function chooser() {
  if (!page.samples.length) return [];
  const select = make("select", { on: { change: () => pick(Number(select.value)) } }, ...page.samples.map((sample, i) => new Option(sample.name[lang], i)));
  return [make("label", {}, `${say("sample")} `, select)];
}

let pick = () => {};

function imageInput(box) {
  const [channels, height, width] = page.shape;
  const side = 280;
  const scale = side / Math.max(height, width);
  const canvas = make("canvas", { className: "draw", width: Math.round(width * scale), height: Math.round(height * scale), tabIndex: 0 });
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", say("canvas"));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const seen = make("canvas", { className: "small", width, height });
  seen.setAttribute("role", "img");
  seen.setAttribute("aria-label", say("seen"));
  const grounds = [page.dark ? "#000" : "#fff", page.dark ? "#fff" : "#000"];
  const steps = [];
  let [erasing, drawing, at] = [false, false, { x: canvas.width / 2, y: canvas.height / 2 }];
  const keep = () => { steps.push(context.getImageData(0, 0, canvas.width, canvas.height)); if (steps.length > 40) steps.shift(); };
  const read = () => {
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    show(inUnits(fit(data, canvas.width, canvas.height, page.shape)));
  };
  const show = (x, sample = {}) => { picture(seen, x); answer({ x, length: 1, ...sample }); };
  const clear = () => { context.fillStyle = grounds[0]; context.fillRect(0, 0, canvas.width, canvas.height); };
  const line = (from, to) => {
    context.strokeStyle = erasing ? grounds[0] : grounds[1];
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = Math.max(6, canvas.width / (erasing ? 7 : 10));
    context.beginPath(); context.moveTo(from.x, from.y); context.lineTo(to.x, to.y + 0.01); context.stroke();
  };
  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * canvas.width, y: ((event.clientY - box.top) / box.height) * canvas.height };
  };
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); keep(); drawing = true; at = point(event); line(at, at); read(); });
  canvas.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    for (const each of event.getCoalescedEvents?.() ?? [event]) { const to = point(each); line(at, to); at = to; }
    read();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { drawing = false; });
  // By keys: arrows draw, with Shift they move the pen; a letter does what its button does.
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const inside = (v, most) => Math.max(0, Math.min(most, v));
    const to = { x: inside(at.x + step[0] * (canvas.width / 20), canvas.width), y: inside(at.y + step[1] * (canvas.height / 20), canvas.height) };
    if (!event.shiftKey) { keep(); line(at, to); read(); }
    at = to;
  });
  const pen = button("eraser", () => { erasing = !erasing; pen.setAttribute("aria-pressed", erasing); });
  pen.setAttribute("aria-pressed", "false");
  const undo = button("undo", () => { if (steps.length) { context.putImageData(steps.pop(), 0, 0); read(); } });
  const wipe = button("clear", () => { keep(); clear(); read(); });
  const file = make("input", { type: "file", accept: "image/*", on: { change: () => load(file.files[0]) } });
  const load = async (chosen) => {
    if (!chosen) return;
    try {
      const bitmap = await createImageBitmap(chosen, { colorSpaceConversion: "none", premultiplyAlpha: "premultiply" });
      const whole = make("canvas", { width: bitmap.width, height: bitmap.height });
      const other = whole.getContext("2d", { willReadFrequently: true });
      other.fillStyle = "#fff"; other.fillRect(0, 0, whole.width, whole.height); other.drawImage(bitmap, 0, 0);
      const { data } = other.getImageData(0, 0, whole.width, whole.height);
      const x = inUnits(fit(data, whole.width, whole.height, page.shape));
      enlarge(x); show(x);
    } catch { refuse(say("unreadable", { name: chosen.name })); }
  };
  // Shows raw values in the drawing area, so that one can go on drawing.
  const enlarge = (x) => {
    const small = make("canvas", { width, height });
    picture(small, x);
    keep(); context.imageSmoothingEnabled = false; context.drawImage(small, 0, 0, canvas.width, canvas.height);
  };
  for (const event of ["dragover", "dragleave", "drop"]) {
    box.addEventListener(event, (e) => { e.preventDefault(); box.classList.toggle("over", event === "dragover"); if (event === "drop") load(e.dataTransfer.files[0]); });
  }
  pick = (i) => { enlarge(page.samples[i].x); show(page.samples[i].x, page.samples[i]); };
  clear();
  box.replaceChildren(...chooser(), canvas, make("p", { className: "soft", textContent: say("keys") }),
    make("div", { className: "tools" }, pen, undo, wipe), make("label", {}, `${say("file")} `, file),
    make("figure", {}, seen, make("figcaption", { textContent: say("seen") })));
  if (page.samples.length) pick(0); else read();
}

const two = (n) => String(n).padStart(2, "0");
const date = (seconds) => { const d = new Date(seconds * 1000); return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}T${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`; };

/** A field for one column of a row; read() gives its raw value, null where it is empty. */
function field(column, value, changed) {
  let input;
  if (column.levels.length) {
    const options = column.levels.map((level, i) => new Option(level, i));
    if (column.kind === "category") options.push(new Option(say("other"), column.levels.length));
    input = make("select", { on: { change: changed } }, new Option("–", ""), ...options);
    input.value = value === null ? "" : String(value);
  } else if (column.kind === "date") {
    input = make("input", { type: "datetime-local", step: 1, value: value === null ? "" : date(value), on: { input: changed } });
  } else {
    input = make("input", { type: "text", inputMode: "decimal", value: value === null ? "" : String(value), on: { input: changed } });
  }
  const read = () => {
    if (input.value.trim() === "") return null;
    const raw = column.kind === "date" ? Date.parse(`${input.value}Z`) / 1000 : Number(input.value);
    input.classList.toggle("wrong", !Number.isFinite(raw));
    input.setAttribute("aria-invalid", !Number.isFinite(raw));
    return raw;
  };
  const range = column.kind === "number" && column.low < column.high ? ` (${number(column.low, 3)} – ${number(column.high, 3)})` : "";
  return { row: make("label", { className: "row" }, make("span", { textContent: column.name + range }), input), read };
}

function formInput(box) {
  const draw = (sample, shown) => {
    const changed = () => {
      const x = fields.map(({ read }) => read());
      if (x.some((value) => Number.isNaN(value))) refuse(say("numbers"));
      else if (!page.empty && x.includes(null)) refuse(say("missing"));
      else answer({ x, length: 1 });
    };
    const fields = page.columns.map((column, i) => field(column, sample.x[i], changed));
    const choose = chooser();
    if (choose.length) choose[0].querySelector("select").value = String(shown);
    box.replaceChildren(...choose, ...fields.map(({ row }) => row));
    answer(sample);
  };
  pick = (i) => draw(page.samples[i], i);
  if (page.samples.length) pick(0); else draw({ x: page.blank, length: 1 }, -1);
}

/** Sequences as text, one step a line; of series of one's own, the values in their units. */
function sequenceInput(box) {
  const channels = page.panel ? 1 : page.shape[1];
  const area = make("textarea", { spellcheck: false, on: { input: () => read() } });
  let base = page.samples[0] ?? { x: page.blank, length: page.length };
  const shown = (sample) => {
    if (page.panel) return past(sample).map((v) => Number(v.toPrecision(6))).join("\n");
    return Array.from({ length: sample.length }, (_, t) => sample.x.slice(t * channels, (t + 1) * channels).map((v) => (v === null ? "" : Number(v.toPrecision(9)))).join(",")).join("\n");
  };
  const read = () => {
    const rows = area.value.trim().split(/\n+/).map((row) => row.split(/[,;\t]/).map((cell) => (cell.trim() === "" ? NaN : Number(cell))));
    const exact = page.panel ? page.panel.length : "lengths" in tape.inputs ? null : page.length;
    if (rows.some((row) => row.length !== channels || (!page.empty && row.some(Number.isNaN)))) return refuse(say("rows", { count: channels }));
    if (exact !== null ? rows.length !== exact : rows.length > page.length || rows.length < page.least) return refuse(exact !== null ? say("steps", { have: rows.length, want: exact }) : say("most", { have: rows.length, least: page.least, most: page.length }));
    if (page.log && rows.flat().some((v) => v <= 0)) return refuse(say("positive"));
    const x = [...base.x];
    if (page.panel) {
      const { mean, std } = page.panel.series[base.series ?? 0];
      rows.forEach(([v], t) => { x[t * page.shape[1]] = ((page.panel.log ? Math.log(v) : v) - mean) / std; });
      return answer({ ...base, x, future: null });
    }
    x.fill(0);
    rows.flat().forEach((v, i) => { x[i] = Number.isNaN(v) ? null : v; });
    return answer({ x, length: rows.length });
  };
  pick = (i) => { base = page.samples[i]; area.value = shown(base); answer(base); };
  const hint = page.columns.length ? page.columns.map((column) => column.name).join(",") : say("hint", { count: channels });
  box.replaceChildren(...chooser(), make("label", {}, say("sequence"), area), make("p", { className: "soft", textContent: hint }));
  if (page.samples.length) pick(0); else { area.value = shown(base); answer(base); }
}

// Codes of an autoencoder --------------------------------------------------------------------------

let sliders = [];
let decode = () => {};

function setCode(code) {
  sliders.forEach((slider, i) => { slider.value = String(code[i]); });
  decode();
}

function codeInput() {
  $("codes").hidden = false;
  $("codes-title").textContent = say("codes");
  const [, height, width] = page.shape;
  const image = make("canvas", { className: "large", width, height });
  image.setAttribute("role", "img");
  image.setAttribute("aria-label", say("decoded"));
  const reach = 3 * page.code.scale;
  const plane = make("canvas", { className: "large", width: 240, height: 240, tabIndex: 0 });
  plane.setAttribute("role", "img");
  plane.setAttribute("aria-label", say("plane"));
  decode = () => {
    const code = sliders.map((slider) => Number(slider.value));
    if (trusted) picture(image, Array.from(play(tape, {}, { wanted: ["image"], given: { code } }).image.data));
    const context = plane.getContext("2d");
    context.fillStyle = colour("--paper"); context.fillRect(0, 0, 240, 240);
    context.strokeStyle = colour("--faint");
    for (const at of [0, 1, 2, 3, 4, 5, 6]) { context.beginPath(); context.moveTo(at * 40, 0); context.lineTo(at * 40, 240); context.moveTo(0, at * 40); context.lineTo(240, at * 40); context.stroke(); }
    context.fillStyle = colour("--red"); context.beginPath();
    context.arc(120 + (code[0] / reach) * 120, 120 - ((code[1] ?? 0) / reach) * 120, 7, 0, 7); context.fill();
  };
  sliders = Array.from({ length: page.code.width }, () => make("input", { type: "range", min: -reach, max: reach, step: reach / 300, value: 0, on: { input: () => decode() } }));
  const move = (event) => {
    if (!event.buttons) return;
    const box = plane.getBoundingClientRect();
    sliders[0].value = String((((event.clientX - box.left) / box.width) * 2 - 1) * reach);
    if (sliders[1]) sliders[1].value = String((1 - ((event.clientY - box.top) / box.height) * 2) * reach);
    decode();
  };
  plane.addEventListener("pointerdown", move); plane.addEventListener("pointermove", move);
  plane.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 1], ArrowDown: [1, -1] }[event.key];
    if (!step || !sliders[step[0]]) return;
    event.preventDefault();
    sliders[step[0]].value = String(Number(sliders[step[0]].value) + (step[1] * reach) / 20); decode();
  });
  const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()) * page.code.scale;
  $("code").replaceChildren(make("div", { className: "grid" }, make("div", {}, image,
    make("div", { className: "tools" }, button("random", () => setCode(sliders.map(normal))), button("zero", () => setCode(sliders.map(() => 0))))),
  make("div", {}, plane, make("p", { className: "soft", textContent: say("plane") }),
    ...sliders.map((slider, i) => make("label", { className: "row" }, make("span", { textContent: say("number", { index: i + 1 }) }), slider)))));
  decode();
}

// The page -----------------------------------------------------------------------------------------

function render() {
  document.documentElement.lang = lang;
  const other = lang === "en" ? "ko" : "en";
  $("language").textContent = page.names[other];
  $("language").lang = other;
  for (const id of ["input", "answer", "about"]) $(`${id}-title`).textContent = say(`title.${id}`);
  $("lead").textContent = say("lead");
  $("check").textContent = say(trusted ? "check" : "refused", { largest: worst.toExponential(1), count: page.probes.length + page.samples.length });
  $("check").classList.toggle("wrong", !trusted);
  $("contains").textContent = page.contains[lang];
  $("offline").textContent = say("offline", { size: page.size });
  const facts = page.facts[lang].flatMap(([term, value]) => [make("dt", { textContent: term }), make("dd", { textContent: value })]);
  const notes = page.notes[lang].map((note) => make("li", { textContent: note }));
  $("about").replaceChildren(make("dl", {}, ...facts), ...(notes.length ? [make("h3", { textContent: say("notes") }), make("ul", {}, ...notes)] : []));
  if (!trusted) { refuse(say("refused", { largest: worst.toExponential(1), count: page.probes.length + page.samples.length })); $("input").replaceChildren(); return; }
  if (page.code) codeInput();
  ({ image: imageInput, vector: formInput, sequence: sequenceInput })[page.kind]($("input"));
}

$("language").addEventListener("click", () => { lang = lang === "en" ? "ko" : "en"; render(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { answer(current); decode(); });
render();
