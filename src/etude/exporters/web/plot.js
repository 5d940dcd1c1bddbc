// Plots as SVG, so that text keeps its size, and colours follow the style sheet.

const SVG = "http://www.w3.org/2000/svg";

/** An element of SVG with attributes and children. */
export function vector(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Round numbers between two others, at most `count` and `least` apart. */
export function ticks(low, high, count, least = 0) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(least, [1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) * power);
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step || 0);
}

/**
 * Known values, the forecast, its band (null: none) and the true values (null: none) against the
 * step, of which 0 is the last known one. names: of both axes. number: how a tick is written.
 */
export function plot({ known, ahead, band, future }, names, number, width, em) {
  const every = [...known, ...ahead, ...(band ?? []).flat(), ...(future ?? [])];
  let [low, high] = [Math.min(...every), Math.max(...every)];
  if (!(high > low)) [low, high] = [low - (Math.abs(low) * 0.05 || 1), high + (Math.abs(high) * 0.05 || 1)];
  const height = Math.max(12 * em, Math.min(0.5 * width, 20 * em));
  const across = ticks(1 - known.length, ahead.length, Math.max(2, Math.floor(width / (5 * em))), 1);
  const up = ticks(low, high, 6);
  const texts = up.map(number);
  const left = (Math.max(...texts.map((text) => text.length)) * 0.6 + 0.7) * em;
  const [right, top, bottom] = [width - 0.8 * em, 1.8 * em, height - 3 * em];
  const x = (step) => left + ((step + known.length - 1) / Math.max(1, known.length - 1 + ahead.length)) * (right - left);
  const y = (value) => bottom - ((value - low) / (high - low)) * (bottom - top);
  const path = (values, from) => values.map((value, i) => `${x(from + i).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const last = known[known.length - 1];
  const line = (name, values, from) => vector("polyline", { class: `line ${name}`, points: path(values, from) });
  const word = (text, at, down, anchor) => vector("text", { x: at, y: down, "text-anchor": anchor }, text);
  return vector(
    "svg",
    { class: "plot", width, height, viewBox: `0 0 ${width} ${height}` },
    ...up.flatMap((value, i) => [
      vector("line", { class: "rule", x1: left, x2: right, y1: y(value), y2: y(value) }),
      word(texts[i], left - 0.4 * em, y(value) + 0.35 * em, "end"),
    ]),
    ...across.map((step) => word(number(step), x(step), bottom + 1.3 * em, "middle")),
    vector("line", { class: "now", x1: x(0), x2: x(0), y1: top, y2: bottom }),
    ...(band ? [vector("polygon", { class: "band", points: `${path(band[0], 1)} ${path(band[1], 1).split(" ").reverse().join(" ")}` })] : []),
    line("known", known, 1 - known.length),
    ...(future ? [line("future", [last, ...future], 0)] : []),
    line("ahead", [last, ...ahead], 0),
    word(names[1], 0, 0.9 * em, "start"),
    word(names[0], right, height - 0.5 * em, "end"),
  );
}

/** A piece of a line or band as the legend shows it. */
export function swatch(name) {
  const piece = name === "band" ? vector("rect", { class: "band", x: 0, y: 2, width: 36, height: 12 }) : vector("line", { class: `line ${name}`, x1: 0, x2: 36, y1: 8, y2: 8 });
  return vector("svg", { class: "swatch", width: 36, height: 16, "aria-hidden": "true" }, piece);
}

/** The plane of two numbers from -reach to reach, and a mark that `move(a, b)` puts somewhere. */
export function plane(reach, names, number) {
  const at = (value) => 40 + ((value + reach) / (2 * reach)) * 250;
  const marks = [-2, -1, 0, 1, 2].map((k) => (k * reach) / 3);
  const mark = vector("circle", { class: "mark", r: 8, cx: 0, cy: 0 });
  const [across, along] = names.map((name) => vector("text", { "text-anchor": "middle" }, name));
  across.setAttribute("transform", "translate(165 302)");
  along.setAttribute("transform", "translate(11 165) rotate(-90)");
  const svg = vector(
    "svg",
    { class: "plane", viewBox: "0 0 300 310", tabindex: 0 },
    vector("rect", { class: "frame", x: 40, y: 10, width: 250, height: 250 }),
    ...marks.flatMap((value) => [
      vector("line", { class: "rule", x1: at(value), x2: at(value), y1: 10, y2: 260 }),
      vector("line", { class: "rule", x1: 40, x2: 290, y1: 300 - at(value), y2: 300 - at(value) }),
      vector("text", { x: at(value), y: 280, "text-anchor": "middle" }, number(value)),
      vector("text", { x: 36, y: 305 - at(value), "text-anchor": "end" }, number(value)),
    ]),
    across,
    along,
    mark,
  );
  return {
    svg,
    /** Puts the mark at two numbers; beyond the frame at its edge. */
    move: (a, b) => [["cx", at(Math.max(-reach, Math.min(reach, a)))], ["cy", 300 - at(Math.max(-reach, Math.min(reach, b)))]].forEach(([name, value]) => mark.setAttribute(name, value)),
    /** The two numbers under a pointer. */
    under: (event) => {
      const box = svg.getBoundingClientRect();
      const part = (from, size, whole, start) => ((from / size) * whole - start) / 250;
      return [(2 * part(event.clientX - box.left, box.width, 300, 40) - 1) * reach, (1 - 2 * part(event.clientY - box.top, box.height, 310, 10)) * reach];
    },
    /** Gives the axes names. */
    name: (a, b) => { across.textContent = a; along.textContent = b; },
  };
}
