// Pictures as étude reads them: 8 bits, grey by the weights of luma, the largest centred box of the
// network's shape, resized with a triangle filter as wide as the step between pixels. It repeats
// Pillow's arithmetic, whole numbers included, so that equal pixels give equal numbers.

const BITS = 22;

/** For each pixel of the result the first pixel that it reads, and the weights of these. */
function weights(side, from, to, size) {
  // Pillow stores the box in 32 bits.
  const [start, end] = [Math.fround(from), Math.fround(to)];
  const scale = Math.fround(end - start) / size;
  const reach = Math.max(scale, 1);
  return Array.from({ length: size }, (_, i) => {
    const centre = start + (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const last = Math.min(side, Math.trunc(centre + reach + 0.5));
    const raw = Array.from({ length: last - first }, (_, k) => Math.max(0, 1 - Math.abs((k + first - centre + 0.5) / reach)));
    const sum = raw.reduce((a, b) => a + b, 0);
    return { first, factors: raw.map((w) => Math.trunc((sum ? w / sum : w) * 2 ** BITS + 0.5)) };
  });
}

/** One pass: `count` lines of `size` results, from pixels `step` apart in lines `jump` apart. */
function pass(pixels, lines, step, jump, rules, out, outStep, outJump) {
  for (let line = 0; line < lines; line++) {
    rules.forEach(({ first, factors }, i) => {
      let sum = 2 ** (BITS - 1);
      factors.forEach((factor, k) => { sum += factor * pixels[line * jump + (first + k) * step]; });
      out[line * outJump + i * outStep] = Math.min(255, Math.max(0, Math.floor(sum / 2 ** BITS)));
    });
  }
}

/** One channel [H W] of bytes, resized to cover (height, width) and centre cropped. */
function resized(channel, h, w, height, width) {
  if (h === height && w === width) return channel;
  const across = Math.min(w, (h * width) / height);
  const down = Math.min(h, (w * height) / width);
  const [left, top] = [(w - across) / 2, (h - down) / 2];
  let [pixels, columns] = [channel, w];
  // Pillow leaves out a pass that would change nothing.
  if (width !== w || left !== 0 || across !== w) {
    const out = new Uint8Array(h * width);
    pass(pixels, h, 1, w, weights(w, left, left + across, width), out, 1, width);
    [pixels, columns] = [out, width];
  }
  if (height === h && top === 0 && down === h) return pixels;
  const out = new Uint8Array(height * width);
  pass(pixels, columns, columns, 1, weights(h, top, top + down, height), out, width, 1);
  return out;
}

/** RGBA bytes of a picture without transparency as [C H W] bytes. */
export function fit(rgba, w, h, [channels, height, width]) {
  const total = w * h;
  const planes = Array.from({ length: channels }, () => new Uint8Array(total));
  for (let i = 0; i < total; i++) {
    const [r, g, b] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]];
    if (channels === 1) planes[0][i] = (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
    else [r, g, b].forEach((value, c) => { planes[c][i] = value; });
  }
  const out = new Uint8Array(channels * height * width);
  planes.forEach((plane, c) => out.set(resized(plane, h, w, height, width), c * height * width));
  return out;
}
