// The page around a tape: an input that is drawn, chosen or typed, and the network's answer.
import { play, readTape } from "./player.js";
import { fit } from "./fit.js";
import { plane, plot, swatch } from "./plot.js";

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

const spoken = [];

/** Does something now and whenever the language changes. */
function speak(f) { spoken.push(f); f(); return f; }

/** An element whose text, or attribute of a name, is a sentence in the language of the page. */
function named(element, key, values = {}, attribute = "") {
  speak(() => { if (attribute) element.setAttribute(attribute, say(key, values)); else element.textContent = say(key, values); });
  return element;
}

const number = (x, digits = 4) => (Number.isFinite(x) ? new Intl.NumberFormat(lang, { maximumSignificantDigits: digits }).format(x) : "–");
const percent = (p) => `${new Intl.NumberFormat(lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(100 * p)}\u00a0%`;
const measured = (x) => `${number(x)} ${page.unit[lang]}`.trim();
const button = (key, click, more = {}) => named(make("button", { type: "button", on: { click }, ...more }), key);
const open = new Set();

/** What is shown on demand, and stays open with the next answer. */
function more(name, summary, ...children) {
  const element = make("details", { open: open.has(name) }, make("summary", { textContent: summary }), ...children);
  element.addEventListener("toggle", () => { if (element.open) open.add(name); else if (element.isConnected) open.delete(name); });
  return element;
}

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
let select = null;
/** Shows once more what is shown, as in another language. */
let again = () => {};

/** Answers an input and shows the answer. */
function answer(sample) {
  if (!trusted) return;
  current = sample;
  again = () => answer(sample);
  choose(sample);
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
  draw();
}

/** Says why an input has no answer. */
function invalid(key, values = {}) {
  again = () => invalid(key, values);
  choose(null);
  refuse(say(key, values));
}

function refuse(reason) {
  $("answer").textContent = reason;
  $("detail").replaceChildren();
}

/** Shows in the list of samples which one it is. */
function choose(sample) {
  const place = page.samples.indexOf(sample);
  if (select) select.value = place < 0 ? "own" : String(place);
}

const truthLine = () => (truth === null ? [] : [make("p", { className: "soft", textContent: say("truth", { value: page.classes[truth] ?? measured(truth) }) })]);

function bar(name, share, first) {
  const fill = make("div", { className: "fill" });
  fill.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return make("div", { className: first ? "bar-row first" : "bar-row" },
    make("span", { textContent: name }), make("div", { className: "track", "aria-hidden": "true" }, fill), make("b", { textContent: percent(share) }));
}

function classes({ probabilities }) {
  const order = probabilities.map((_, i) => i).sort((a, b) => probabilities[b] - probabilities[a]);
  $("answer").textContent = say("class", { name: page.classes[order[0]], share: percent(probabilities[order[0]]) });
  const rows = order.map((i, rank) => bar(page.classes[i], probabilities[i], rank === 0));
  const rest = rows.slice(5);
  const others = rest.length ? [more("rest", say("rest", { count: rest.length }), make("div", { className: "bars" }, ...rest))] : [];
  return [make("div", { className: "bars" }, ...rows.slice(0, 5)), ...others, ...truthLine()];
}

function values({ values: all }) {
  const said = all.map((value, i) => (page.targets[i] ? `${page.targets[i]}: ` : "") + measured(value));
  $("answer").textContent = say("values", { values: said.join(", ") });
  return truthLine();
}

let draw = () => {};
const sizes = new ResizeObserver(() => draw());

function forecast(made, sample) {
  const scale = page.panel ? page.panel.series[sample.series ?? 0] : null;
  const own = (value) => (scale && page.panel.series.length > 1 ? back(value, scale) : value);
  const middle = made.forecast.map(own);
  const levels = made.quantiles ? made.quantiles.length / middle.length : 0;
  const band = levels ? [0, levels - 1].map((k) => middle.map((_, i) => own(made.quantiles[i * levels + k]))) : null;
  const steps = middle.length;
  $("answer").textContent = say(steps > 1 ? "forecast" : "forecast.one", { value: measured(middle[0]), last: measured(middle[steps - 1]), steps });
  const figure = make("div", { role: "img", "aria-label": say("plot", { known: past(sample).length, steps }) });
  const series = { known: past(sample), ahead: middle, band, future: sample.future ?? null };
  const names = [say("steps.axis"), [scale && page.panel.series.length > 1 ? scale.name : "", page.unit[lang]].filter(Boolean).join(", ") || say("value")];
  sizes.disconnect();
  sizes.observe(figure);
  draw = () => {
    const em = parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.85;
    if (figure.clientWidth) figure.replaceChildren(plot(series, names, (x) => number(x, 3), figure.clientWidth, em));
  };
  const parts = ["known", "ahead", ...(band ? ["band"] : []), ...(series.future ? ["future"] : [])];
  const legend = make("ul", { className: "legend" }, ...parts.map((name) => make("li", {}, swatch(name), say(`legend.${name}`, { share: page.share }))));
  const rows = middle.map((value, i) => make("tr", {}, make("th", { scope: "row", textContent: `+${i + 1}` }),
    make("td", { textContent: number(value) }), ...(band ? band.map((side) => make("td", { textContent: number(side[i]) })) : [])));
  const head = make("tr", {}, ...["step", "value", ...(band ? ["low", "high"] : [])].map((key) => make("th", { scope: "col", textContent: say(key) })));
  return [figure, legend, more("table", say("table"), make("table", {}, head, ...rows))];
}

const back = (value, { mean, std }) => { const plain = value * std + mean; return page.panel.log ? Math.exp(plain) : plain; };

/** The known values of a sample in their own units. */
function past(sample) {
  const channels = page.shape[page.shape.length - 1];
  const steps = page.panel ? page.panel.length : sample.length;
  const known = Array.from({ length: steps }, (_, t) => sample.x[t * channels]);
  return page.panel ? known.map((value) => back(value, page.panel.series[sample.series ?? 0])) : known;
}

let coded = null;

function codes({ image, code, error }) {
  const [channels, height, width] = page.shape;
  const [before, after] = ["seen", "decoded"].map((key) => make("canvas", { className: "small", width, height, role: "img", "aria-label": say(key) }));
  picture(before, current.x); picture(after, image);
  $("answer").textContent = say("error", { value: number(error[0]) });
  // A language that changes leaves the code that a visitor chose.
  if (coded !== current) { coded = current; setCode(code); }
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
  select = make("select", { on: { change: () => pick(Number(select.value)) } });
  speak(() => {
    const chosen = select.value || "0";
    const own = make("option", { value: "own", textContent: say("own"), disabled: true });
    select.replaceChildren(...page.samples.map((sample, i) => new Option(sample.name[lang], i)), own);
    select.value = chosen;
  });
  return [make("label", {}, named(make("span"), "sample"), " ", select)];
}

let pick = () => {};

function imageInput(box) {
  const [channels, height, width] = page.shape;
  const side = 280;
  const scale = side / Math.max(height, width);
  const canvas = make("canvas", { className: "draw", width: Math.round(width * scale), height: Math.round(height * scale), tabIndex: 0, role: "application" });
  named(canvas, "canvas", {}, "aria-label");
  const pen = make("div", { className: "pen", "aria-hidden": "true" });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const seen = named(make("canvas", { className: "small", width, height, role: "img" }), "seen", {}, "aria-label");
  const grounds = [page.dark ? "#000" : "#fff", page.dark ? "#fff" : "#000"];
  const steps = [];
  let [erasing, drawing, at] = [false, false, null];
  const move = (to) => { at = to; pen.style.left = `${(100 * to.x) / canvas.width}%`; pen.style.top = `${(100 * to.y) / canvas.height}%`; };
  const keep = () => { steps.push(context.getImageData(0, 0, canvas.width, canvas.height)); if (steps.length > 40) steps.shift(); };
  const read = () => {
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    show(inUnits(fit(data, canvas.width, canvas.height, page.shape)));
  };
  const show = (x, sample = { x, length: 1 }) => { picture(seen, x); answer(sample); };
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
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); keep(); drawing = true; move(point(event)); line(at, at); read(); });
  canvas.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    for (const each of event.getCoalescedEvents?.() ?? [event]) { const to = point(each); line(at, to); move(to); }
    read();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { drawing = false; });
  // By keys: arrows draw, with Shift they move the pen.
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const inside = (v, most) => Math.max(0, Math.min(most, v));
    const to = { x: inside(at.x + step[0] * (canvas.width / 20), canvas.width), y: inside(at.y + step[1] * (canvas.height / 20), canvas.height) };
    if (!event.shiftKey) { keep(); line(at, to); read(); }
    move(to);
  });
  const eraser = button("eraser", () => { erasing = !erasing; eraser.setAttribute("aria-pressed", erasing); }, { "aria-pressed": "false" });
  const undo = button("undo", () => { if (steps.length) { context.putImageData(steps.pop(), 0, 0); read(); } });
  const wipe = button("clear", () => { keep(); clear(); read(); });
  const file = make("input", { type: "file", accept: "image/*", hidden: true, on: { change: () => { load(file.files[0]); file.value = ""; } } });
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
    } catch { invalid("unreadable", { name: chosen.name }); }
  };
  // Shows raw values in the drawing area, so that one can go on drawing.
  const enlarge = (x) => {
    const small = make("canvas", { width, height });
    picture(small, x);
    keep(); context.imageSmoothingEnabled = false; context.drawImage(small, 0, 0, canvas.width, canvas.height);
  };
  // The whole page takes a picture, because a browser leaves it for a file that is dropped beside.
  for (const event of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(event, (e) => { e.preventDefault(); box.classList.toggle("over", event === "dragover"); if (event === "drop") load(e.dataTransfer.files[0]); });
  }
  pick = (i) => { enlarge(page.samples[i].x); show(page.samples[i].x, page.samples[i]); };
  move({ x: canvas.width / 2, y: canvas.height / 2 });
  clear();
  box.replaceChildren(...chooser(), make("div", { className: "pad" }, canvas, pen), named(make("p", { className: "soft" }), "keys"),
    make("div", { className: "tools" }, eraser, undo, wipe, button("file", () => file.click()), file),
    make("figure", {}, seen, named(make("figcaption"), "seen")));
  if (page.samples.length) pick(0); else read();
}

const two = (n) => String(n).padStart(2, "0");
const date = (seconds) => { const d = new Date(seconds * 1000); return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}T${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`; };

/** A field for one column of a row; read() gives its raw value, null where it is empty. */
function field(column, changed) {
  let input;
  const day = column.kind === "date" && !column.times;
  if (column.levels.length) {
    const options = column.levels.map((level, i) => new Option(level, i));
    if (column.kind === "category") options.push(named(make("option", { value: column.levels.length }), "other"));
    input = make("select", { on: { change: changed } }, new Option("–", ""), ...options);
  } else if (column.kind === "date") {
    input = make("input", { type: day ? "date" : "datetime-local", step: day ? "any" : 1, on: { input: changed } });
  } else {
    input = make("input", { type: "text", inputMode: "decimal", on: { input: changed } });
  }
  const write = (value) => {
    input.value = value === null ? "" : column.kind === "date" ? date(value).slice(0, day ? 10 : 19) : String(value);
    read();
  };
  const read = () => {
    const empty = input.value.trim() === "";
    const raw = empty ? null : column.kind === "date" ? Date.parse(day ? input.value : `${input.value}Z`) / 1000 : Number(input.value);
    const wrong = empty ? !page.empty : !Number.isFinite(raw);
    input.classList.toggle("wrong", wrong);
    input.setAttribute("aria-invalid", wrong);
    return raw;
  };
  const label = make("span");
  const ranged = column.kind === "number" && column.low < column.high;
  speak(() => { label.textContent = column.name + (ranged ? ` (${number(column.low, 3)}\u00a0–\u00a0${number(column.high, 3)})` : ""); });
  return { row: make("label", { className: "row" }, label, input), read, write };
}

function formInput(box) {
  const changed = () => {
    const x = fields.map(({ read }) => read());
    const names = (wrong) => page.columns.filter((_, i) => wrong(x[i])).map(({ name }) => name).join(", ");
    if (x.some(Number.isNaN)) invalid("numbers", { names: names(Number.isNaN) });
    else if (!page.empty && x.includes(null)) invalid("missing", { names: names((value) => value === null) });
    else answer({ x, length: 1 });
  };
  const fields = page.columns.map((column) => field(column, changed));
  const fill = (sample) => { fields.forEach(({ write }, i) => write(sample.x[i])); answer(sample); };
  pick = (i) => fill(page.samples[i]);
  box.replaceChildren(...chooser(), ...fields.map(({ row }) => row));
  fill(page.samples[0] ?? { x: page.blank, length: 1 });
}

/** Sequences as text, one step a line; of series of one's own, the values in their units. */
function sequenceInput(box) {
  const channels = page.panel ? 1 : page.shape[1];
  const area = make("textarea", { spellcheck: false, wrap: "off", on: { input: () => read() } });
  let base = page.samples[0] ?? { x: page.blank, length: page.length };
  const shown = (sample) => {
    if (page.panel) return past(sample).map((v) => Number(v.toPrecision(6))).join("\n");
    return Array.from({ length: sample.length }, (_, t) => sample.x.slice(t * channels, (t + 1) * channels).map((v) => (v === null ? "" : Number(v.toPrecision(9)))).join(",")).join("\n");
  };
  const read = () => {
    const rows = area.value.trim().split(/\n+/).map((row) => row.split(/[,;\t]/).map((cell) => (cell.trim() === "" ? NaN : Number(cell))));
    const exact = page.panel ? page.panel.length : "lengths" in tape.inputs ? null : page.length;
    if (rows.some((row) => row.length !== channels || (!page.empty && row.some(Number.isNaN)))) return invalid("rows", { count: channels });
    if (exact !== null ? rows.length !== exact : rows.length > page.length || rows.length < page.least) return exact !== null ? invalid("steps", { have: rows.length, want: exact }) : invalid("most", { have: rows.length, least: page.least, most: page.length });
    if ((page.log || page.panel?.log) && rows.flat().some((v) => v <= 0)) return invalid("positive");
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
  const least = page.panel || !("lengths" in tape.inputs) ? (page.panel?.length ?? page.length) : page.least;
  const most = page.panel?.length ?? page.length;
  const hint = make("p", { className: "soft" });
  speak(() => {
    const lines = [say("lines", { count: least === most ? number(most) : `${number(least)} – ${number(most)}` })];
    if (page.columns.length) lines.push(page.columns.map((column) => column.name).join(","));
    else if (channels > 1) lines.push(say("hint", { count: channels }));
    if (page.panel && page.shape[1] > 1) lines.push(say("others"));
    hint.textContent = lines.join(" · ");
  });
  box.replaceChildren(...chooser(), make("label", {}, named(make("span"), channels > 1 ? "sequence" : "sequence.one"), area), hint);
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
  named($("codes-title"), "codes");
  const [, height, width] = page.shape;
  const image = named(make("canvas", { className: "large", width, height, role: "img" }), "decoded", {}, "aria-label");
  const reach = 3 * page.code.scale;
  const map = plane(reach, ["", ""], (x) => number(x, 2));
  map.svg.setAttribute("role", "application");
  named(map.svg, "plane", {}, "aria-label");
  const second = page.code.width > 1;
  speak(() => map.name(say("number", { index: 1 }), second ? say("number", { index: 2 }) : ""));
  const shown = Array.from({ length: page.code.width }, () => make("span", { className: "value", "aria-hidden": "true" }));
  decode = () => {
    const code = sliders.map((slider) => Number(slider.value));
    if (trusted) picture(image, Array.from(play(tape, {}, { wanted: ["image"], given: { code } }).image.data));
    map.move(code[0], code[1] ?? 0);
    code.forEach((value, i) => { shown[i].textContent = number(value, 3); sliders[i].setAttribute("aria-valuetext", number(value, 3)); });
  };
  sliders = shown.map(() => make("input", { type: "range", min: -reach, max: reach, step: reach / 300, value: 0, on: { input: () => decode() } }));
  const move = (event) => {
    if (!event.buttons) return;
    const [a, b] = map.under(event);
    sliders[0].value = String(a);
    if (second) sliders[1].value = String(b);
    decode();
  };
  map.svg.addEventListener("pointerdown", (event) => { map.svg.setPointerCapture(event.pointerId); move(event); });
  map.svg.addEventListener("pointermove", move);
  map.svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 1], ArrowDown: [1, -1] }[event.key];
    if (!step || !sliders[step[0]]) return;
    event.preventDefault();
    sliders[step[0]].value = String(Number(sliders[step[0]].value) + (step[1] * reach) / 20); decode();
  });
  const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()) * page.code.scale;
  const rows = sliders.map((slider, i) => make("label", { className: "row slide" }, named(make("span"), "number", { index: i + 1 }), slider, shown[i]));
  $("code").replaceChildren(make("div", { className: "grid" }, make("div", {}, image,
    make("div", { className: "tools" }, button("random", () => setCode(sliders.map(normal))), button("zero", () => setCode(sliders.map(() => 0))))),
  make("div", {}, map.svg, named(make("p", { className: "soft" }), "plane"), ...rows)));
  decode();
}

// The page -----------------------------------------------------------------------------------------

function head() {
  document.documentElement.lang = lang;
  const other = lang === "en" ? "ko" : "en";
  $("language").textContent = page.names[other];
  $("language").lang = other;
  for (const id of ["input", "answer", "about"]) $(`${id}-title`).textContent = say(`title.${id}`);
  $("lead").textContent = say("lead");
  const checked = say(trusted ? "check" : "refused", { largest: worst.toExponential(1).replace("-", "\u2011"), count: page.probes.length + page.samples.length });
  $("check").textContent = checked;
  $("check").classList.toggle("wrong", !trusted);
  $("contains").textContent = page.contains[lang];
  $("offline").textContent = say("offline", { size: page.size });
  const facts = page.facts[lang].flatMap(([term, value]) => [make("dt", { textContent: term }), make("dd", { textContent: value })]);
  const notes = page.notes[lang].map((note) => make("li", { textContent: note }));
  $("about").replaceChildren(make("dl", {}, ...facts), ...(notes.length ? [make("h3", { textContent: say("notes") }), make("ul", {}, ...notes)] : []));
  if (!trusted) refuse(checked);
}

$("language").addEventListener("click", () => { lang = lang === "en" ? "ko" : "en"; spoken.forEach((f) => f()); again(); decode(); });
speak(head);
if (trusted) {
  if (page.code) codeInput();
  ({ image: imageInput, vector: formInput, sequence: sequenceInput })[page.kind]($("input"));
}
