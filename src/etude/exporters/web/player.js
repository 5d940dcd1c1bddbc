// Plays a tape (see exporters/tapes/form.py): a trained network as a list of tensor operations.
//
// A plain ES module without dependencies, for browsers and Node. A value is {data, shape, dtype}
// with its numbers in a typed array, row by row. One function per operation, with the arguments of
// ATen's schema by name. Sums are doubles, and every result is rounded to the type that torch has
// there. exporters/tapes/ops.py has the same operations in NumPy; tests compare both with torch.

const STORES = {
  float32: Float32Array,
  float64: Float64Array,
  // Doubles hold whole numbers exactly up to 2^53; BigInt would be a hundred times slower.
  int64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};
const READERS = {
  F64: Float64Array, F32: Float32Array, I64: BigInt64Array, I32: Int32Array, U8: Uint8Array, BOOL: Uint8Array,
};

const count = (shape) => shape.reduce((product, side) => product * side, 1);
const axis = (dim, x) => (dim < 0 ? dim + x.shape.length : dim);
const isValue = (x) => x !== null && typeof x === "object" && x.data !== undefined;

/** An empty value like `made`, which is {dtype, shape}. */
function empty(made) {
  const Store = STORES[made.dtype];
  if (!Store) throw new Error(`The player has no numbers of type ${made.dtype}.`);
  return { data: new Store(count(made.shape)), shape: made.shape, dtype: made.dtype };
}

/** The step in memory of each axis of a shape; of an axis that is broadcast, 0. */
function strides(shape, broadcast = false) {
  const steps = new Array(shape.length);
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    steps[d] = broadcast && shape[d] === 1 ? 0 : step;
    step *= shape[d];
  }
  return steps;
}

/** Strides of x as if it had the shape `to`, by the rules of broadcasting. */
function broadcast(x, to) {
  const own = strides(x.shape, true);
  return new Array(to.length - own.length).fill(0).concat(own);
}

/** Calls visit(offset, i) for the places of a shape in order; i counts them. */
function walk(shape, steps, start, visit) {
  const total = count(shape);
  const at = new Array(shape.length).fill(0);
  let offset = start;
  for (let i = 0; i < total; i++) {
    visit(offset, i);
    // As an odometer: the last axis turns first.
    for (let d = shape.length - 1; d >= 0; d--) {
      offset += steps[d];
      if (++at[d] < shape[d]) break;
      offset -= steps[d] * shape[d];
      at[d] = 0;
    }
  }
}

/** A copy of x read with these strides: permuted, cut, flipped or repeated. */
function strided(made, x, steps, start = 0) {
  const out = empty(made);
  walk(made.shape, steps, start, (offset, i) => { out.data[i] = x.data[offset]; });
  return out;
}

const unary = (f) => (made, { self }) => {
  const out = empty(made);
  for (let i = 0; i < out.data.length; i++) out.data[i] = f(self.data[i]);
  return out;
};

/** f for each pair of entries; either argument may be a plain number. */
function pairs(made, a, b, f) {
  const out = empty(made);
  const data = out.data;
  if (!isValue(a)) a = { data: [a], shape: [] };
  if (!isValue(b)) b = { data: [b], shape: [] };
  const same = (x) => count(x.shape) === data.length;
  if (same(a) && same(b)) {
    for (let i = 0; i < data.length; i++) data[i] = f(a.data[i], b.data[i]);
  } else if (same(a) && b.data.length === 1) {
    for (let i = 0; i < data.length; i++) data[i] = f(a.data[i], b.data[0]);
  } else {
    const left = new Float64Array(data.length);
    walk(made.shape, broadcast(a, made.shape), 0, (offset, i) => { left[i] = a.data[offset]; });
    walk(made.shape, broadcast(b, made.shape), 0, (offset, i) => { data[i] = f(left[i], b.data[offset]); });
  }
  return out;
}

const binary = (f) => (made, { self, other }) => pairs(made, self, other, f);
const truth = (f) => binary((a, b) => (f(a, b) ? 1 : 0));

/** x as [outer, length, inner] around one axis. */
function around(x, dim) {
  const d = axis(dim, x);
  return [count(x.shape.slice(0, d)), x.shape[d], count(x.shape.slice(d + 1))];
}

/** Calls f with the entries of each line along an axis; what it returns replaces them. */
function lines(made, x, dim, f) {
  const out = empty(made);
  const [outer, length, inner] = around(x, dim);
  const line = new Float64Array(length);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const start = o * length * inner + i;
      for (let k = 0; k < length; k++) line[k] = x.data[start + k * inner];
      const result = f(line);
      for (let k = 0; k < length; k++) out.data[start + k * inner] = result[k];
    }
  }
  return out;
}

/** Calls f with the entries of x that are reduced to each entry of `made`, in order. */
function reduced(made, x, dim, f) {
  const all = dim === null || dim === undefined || (Array.isArray(dim) && dim.length === 0);
  const dims = all ? x.shape.map((_, d) => d) : [].concat(dim).map((d) => axis(d, x));
  const kept = x.shape.map((_, d) => d).filter((d) => !dims.includes(d));
  const steps = strides(x.shape);
  const inside = dims.map((d) => x.shape[d]);
  const group = new Float64Array(count(inside));
  const out = empty(made);
  const outside = kept.map((d) => x.shape[d]);
  walk(outside, kept.map((d) => steps[d]), 0, (start, i) => {
    walk(inside, dims.map((d) => steps[d]), start, (offset, k) => { group[k] = x.data[offset]; });
    out.data[i] = f(group);
  });
  return out;
}

const reduce = (f) => (made, { self, dim }) => reduced(made, self, dim, f);
const total = (group) => { let sum = 0; for (const x of group) sum += x; return sum; };
const largest = (group) => { let most = group[0]; for (const x of group) if (x > most || x !== x) most = x; return most; };
const smallest = (group) => { let least = group[0]; for (const x of group) if (x < least || x !== x) least = x; return least; };
const place = (of) => (group) => group.indexOf(of(group));

function spread(group, correction) {
  const mean = total(group) / group.length;
  let sum = 0;
  for (const x of group) sum += (x - mean) ** 2;
  return sum / (group.length - (correction ?? 1));
}

/** The norm of this order: the ord-th root of the sum of powers. */
function norm(made, { self, ord, dim }) {
  return reduced(made, self, dim, (group) => {
    const sizes = group.map(Math.abs);
    if (!Number.isFinite(ord)) return ord > 0 ? largest(sizes) : smallest(sizes);
    return total(sizes.map((x) => x ** ord)) ** (1 / ord);
  });
}

/** Largest or smallest entries and, with an axis, where they are. */
const extreme = (of) => (made, { self, dim }, every) => {
  if (dim === undefined || dim === null) return reduced(made, self, null, of);
  return [
    every[0] && reduced(every[0], self, dim, of),
    every[1] && reduced(every[1], self, dim, place(of)),
  ];
};

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** The error function to 1e-15: a series of positive terms near 0, a continued fraction beyond. */
function erf(x) {
  const z = Math.abs(x);
  if (x !== x) return x;
  if (z > 6) return Math.sign(x);
  if (z < 2.5) {
    let term = z;
    let sum = z;
    for (let n = 1; term > 1e-17 * sum; n++) {
      term *= (2 * z * z) / (2 * n + 1);
      sum += term;
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction);
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * (z + fraction)));
}

function gelu(x, approximate) {
  if (approximate !== "tanh") return (x / 2) * (1 + erf(x / Math.SQRT2));
  return (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

/** Half is rounded to the even neighbour, as in torch; Math.round rounds it up. */
function round(x) {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

// Products -----------------------------------------------------------------------------------------

/** out[i][j] = start[j] + sum over k of a[i][k] b[k][j]; b may be stored transposed, [J K]. */
function product(a, aStart, b, bStart, out, outStart, rows, inner, columns, transposed) {
  const line = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    const from = aStart + i * inner;
    if (transposed) {
      for (let j = 0; j < columns; j++) {
        const row = bStart + j * inner;
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += a[from + k] * b[row + k];
        line[j] = sum;
      }
    } else {
      line.fill(0);
      for (let k = 0; k < inner; k++) {
        const factor = a[from + k];
        const row = bStart + k * columns;
        for (let j = 0; j < columns; j++) line[j] += factor * b[row + j];
      }
    }
    out.set(line, outStart + i * columns);
  }
}

function matrices(made, a, b) {
  const [rows, inner] = a.shape.slice(-2);
  const columns = b.shape[b.shape.length - 1];
  const out = empty(made);
  const n = count(made.shape.slice(0, -2));
  for (let i = 0; i < n; i++) {
    product(a.data, i * rows * inner, b.data, i * inner * columns, out.data, i * rows * columns, rows, inner, columns, false);
  }
  return out;
}

function linear(made, { input, weight, bias }) {
  const [outputs, inputs] = weight.shape;
  const rows = input.data.length / inputs;
  const sums = new Float64Array(rows * outputs);
  product(input.data, 0, weight.data, 0, sums, 0, rows, inputs, outputs, true);
  const out = empty(made);
  for (let i = 0; i < sums.length; i++) out.data[i] = sums[i] + (bias ? bias.data[i % outputs] : 0);
  return out;
}

function addmm(made, { self, mat1, mat2, beta, alpha }) {
  const products = matrices({ dtype: "float64", shape: made.shape }, mat1, mat2);
  return pairs(made, products, self, (x, bias) => beta * bias + alpha * x);
}

/** softmax(Q K^T scale + mask) V; a mask of truth values shows a key, one of numbers is added. */
function attention(made, { query, key, value, attn_mask, is_causal, scale }) {
  const [length, width] = query.shape.slice(-2);
  const keys = key.shape[key.shape.length - 2];
  const across = value.shape[value.shape.length - 1];
  const factor = scale ?? width ** -0.5;
  const heads = count(made.shape.slice(0, -2));
  const out = empty(made);
  const scores = new Float64Array(length * keys);
  let mask = null;
  if (attn_mask) {
    const whole = { dtype: attn_mask.dtype, shape: [...made.shape.slice(0, -2), length, keys] };
    mask = strided(whole, attn_mask, broadcast(attn_mask, whole.shape));
  }
  for (let h = 0; h < heads; h++) {
    product(query.data, h * length * width, key.data, h * keys * width, scores, 0, length, width, keys, true);
    for (let i = 0; i < length; i++) {
      const row = scores.subarray(i * keys, (i + 1) * keys);
      for (let j = 0; j < keys; j++) {
        row[j] *= factor;
        if (is_causal && j > i) row[j] = -Infinity;
        if (mask) {
          const shown = mask.data[(h * length + i) * keys + j];
          if (mask.dtype !== "bool") row[j] += shown;
          else if (!shown) row[j] = -Infinity;
        }
      }
      row.set(softened(row));
    }
    product(scores, 0, value.data, h * keys * across, out.data, h * length * across, length, keys, across, false);
  }
  return out;
}

/** exp(x) over its sum; the largest entry is subtracted first, so that nothing overflows. */
function softened(line) {
  const most = largest(line);
  const powers = line.map((x) => Math.exp(x - most));
  const sum = total(powers);
  return powers.map((x) => x / sum);
}

function logSoftened(line) {
  const most = largest(line);
  const sum = Math.log(total(line.map((x) => Math.exp(x - most))));
  return line.map((x) => x - most - sum);
}

// Norms --------------------------------------------------------------------------------------------

function batchNorm(made, { input, weight, bias, running_mean, running_var, eps }) {
  const out = empty(made);
  const channels = input.shape[1];
  const inner = count(input.shape.slice(2));
  for (let i = 0; i < out.data.length; i++) {
    const c = Math.floor(i / inner) % channels;
    const normal = (input.data[i] - running_mean.data[c]) / Math.sqrt(running_var.data[c] + eps);
    out.data[i] = normal * (weight ? weight.data[c] : 1) + (bias ? bias.data[c] : 0);
  }
  return out;
}

/** Each run of `length` numbers gets mean 0 and variance 1; then factor(i) and shift(i). */
function standardised(made, x, length, eps, factor, shift) {
  const out = empty(made);
  for (let start = 0; start < x.data.length; start += length) {
    const group = x.data.subarray(start, start + length);
    const mean = total(group) / length;
    const scale = 1 / Math.sqrt(spread(group, 0) + eps);
    for (let i = start; i < start + length; i++) out.data[i] = (x.data[i] - mean) * scale * factor(i) + shift(i);
  }
  return out;
}

function layerNorm(made, { input, normalized_shape, weight, bias, eps }) {
  const length = count(normalized_shape);
  const factor = (i) => (weight ? weight.data[i % length] : 1);
  return standardised(made, input, length, eps, factor, (i) => (bias ? bias.data[i % length] : 0));
}

function groupNorm(made, { input, weight, bias, C, HxW, group, eps }) {
  const channel = (i) => Math.floor(i / HxW) % C;
  const factor = (i) => (weight ? weight.data[channel(i)] : 1);
  return standardised(made, input, (C / group) * HxW, eps, factor, (i) => (bias ? bias.data[channel(i)] : 0));
}

// Convolution and pooling --------------------------------------------------------------------------

/** A value [N C L] as [N C 1 L], and its options with a first axis of length 1. */
function flat(args, lists) {
  const twice = (x) => ({ ...x, shape: [...x.shape.slice(0, 2), 1, ...x.shape.slice(2)] });
  const { input, weight } = args;
  const wide = { ...args, input: twice(input), weight: twice(weight) };
  for (const [name, first] of Object.entries(lists)) wide[name] = [first, ...args[name]];
  return wide;
}

function convolution(made, args) {
  const twoAxes = args.input.shape.length === 4;
  const { input, weight, bias, stride, padding, dilation, transposed, groups } = twoAxes
    ? args
    : flat(args, { stride: 1, padding: 0, dilation: 1 });
  const [n, channels, height, width] = input.shape;
  const [, , down, across] = weight.shape;
  const [rows, columns] = twoAxes ? made.shape.slice(2) : [1, made.shape[2]];
  const outputs = made.shape[1];
  const [perInput, perOutput] = [channels / groups, outputs / groups];
  const out = empty(made);
  const plane = new Float64Array(rows * columns);
  for (let b = 0; b < n; b++) {
    for (let e = 0; e < outputs; e++) {
      plane.fill(bias ? bias.data[e] : 0);
      const group = Math.floor(e / perOutput);
      for (let c = 0; c < perInput; c++) {
        const channel = group * perInput + c;
        const source = (b * channels + channel) * height * width;
        // A transposed kernel is [C E/groups ...], any other [E C/groups ...].
        const first = transposed ? channel * perOutput + (e % perOutput) : e * perInput + c;
        for (let i = 0; i < down; i++) {
          for (let j = 0; j < across; j++) {
            const factor = weight.data[(first * down + i) * across + j];
            if (factor === 0) continue;
            const [top, left] = [i * dilation[0] - padding[0], j * dilation[1] - padding[1]];
            if (transposed) scattered(plane, rows, columns, input.data, source, height, width, factor, top, left, stride);
            else gathered(plane, rows, columns, input.data, source, height, width, factor, top, left, stride);
          }
        }
      }
      out.data.set(plane, (b * outputs + e) * rows * columns);
    }
  }
  return out;
}

/** Adds factor times the input, shifted, to the plane: row by row, without a test in the inner loop. */
function gathered(plane, rows, columns, data, source, height, width, factor, top, left, [down, across]) {
  const first = Math.max(0, Math.ceil(-left / across));
  const end = Math.min(columns, Math.floor((width - 1 - left) / across) + 1);
  for (let y = 0; y < rows; y++) {
    const row = y * down + top;
    if (row < 0 || row >= height) continue;
    const [from, to] = [source + row * width + left, y * columns];
    for (let x = first; x < end; x++) plane[to + x] += factor * data[from + x * across];
  }
}

/** As `gathered` for a transposed convolution: each input is added to the outputs that it reaches. */
function scattered(plane, rows, columns, data, source, height, width, factor, top, left, [down, across]) {
  for (let y = 0; y < height; y++) {
    const row = y * down + top;
    if (row < 0 || row >= rows) continue;
    for (let x = 0; x < width; x++) {
      const column = x * across + left;
      if (column >= 0 && column < columns) plane[row * columns + column] += factor * data[source + y * width + x];
    }
  }
}

const pair = (sides) => (sides.length === 2 ? sides : [sides[0], sides[0]]);

/** f(values, entries inside the padded input) for each window; a value outside is left out. */
function windows(made, x, kernel, stride, padding, dilation, f) {
  const [height, width] = x.shape.slice(-2);
  const [rows, columns] = made.shape.slice(-2);
  const [[kh, kw], [sh, sw], [ph, pw], [dh, dw]] = [kernel, stride, padding, dilation].map(pair);
  const out = empty(made);
  for (let o = 0; o < out.data.length; o++) {
    const [column, row, map] = [o % columns, Math.floor(o / columns) % rows, Math.floor(o / columns / rows)];
    const [top, left] = [row * sh - ph, column * sw - pw];
    const values = [];
    for (let i = 0; i < kh; i++) {
      for (let j = 0; j < kw; j++) {
        const [y, z] = [top + i * dh, left + j * dw];
        if (y >= 0 && y < height && z >= 0 && z < width) values.push(x.data[(map * height + y) * width + z]);
      }
    }
    const reach = (start, size, side, pad) => Math.min(start + size, side + pad) - start;
    out.data[o] = f(values, reach(top, kh, height, ph) * reach(left, kw, width, pw));
  }
  return out;
}

function maxPool(made, { self, kernel_size, stride, padding, dilation }) {
  const steps = stride.length ? stride : kernel_size;
  return [windows(made, self, kernel_size, steps, padding, dilation, largest)];
}

function avgPool(made, { self, kernel_size, stride, padding, count_include_pad, divisor_override }) {
  const steps = stride.length ? stride : kernel_size;
  return windows(made, self, kernel_size, steps, padding, [1, 1], (values, whole) =>
    total(values) / (divisor_override ?? (count_include_pad ? whole : values.length)));
}

/** The means of a grid of parts, which share entries if they do not divide the sides. */
function adaptiveAvgPool(made, { self, output_size }) {
  const [height, width] = self.shape.slice(-2);
  const [rows, columns] = output_size;
  const out = empty(made);
  const limits = (i, side, parts) => [Math.floor((i * side) / parts), Math.ceil(((i + 1) * side) / parts)];
  for (let o = 0; o < out.data.length; o++) {
    const [top, bottom] = limits(Math.floor(o / columns) % rows, height, rows);
    const [left, right] = limits(o % columns, width, columns);
    const map = Math.floor(o / columns / rows) * height * width;
    let sum = 0;
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += self.data[map + y * width + x];
    out.data[o] = sum / ((bottom - top) * (right - left));
  }
  return out;
}

// Recurrence ---------------------------------------------------------------------------------------

/** One direction of one layer: the hidden state of each step, and the last hidden and cell state. */
function direction(steps, h, c, [wx, wh, bx, bh]) {
  const hidden = wh.shape[1];
  const inputs = wx.shape[1];
  const gates = new Float64Array(4 * hidden);
  const outputs = [];
  for (const x of steps) {
    for (let g = 0; g < 4 * hidden; g++) {
      let sum = bx ? bx.data[g] + bh.data[g] : 0;
      for (let k = 0; k < inputs; k++) sum += wx.data[g * inputs + k] * x[k];
      for (let k = 0; k < hidden; k++) sum += wh.data[g * hidden + k] * h[k];
      gates[g] = sum;
    }
    const [next, cell] = [new Float64Array(hidden), new Float64Array(hidden)];
    for (let k = 0; k < hidden; k++) {
      // torch's order: input, forget, candidate, output.
      const [i, f, g, o] = [0, 1, 2, 3].map((gate) => gates[gate * hidden + k]);
      cell[k] = sigmoid(f) * c[k] + sigmoid(i) * Math.tanh(g);
      next[k] = sigmoid(o) * Math.tanh(cell[k]);
    }
    [h, c] = [next, cell];
    outputs.push(h);
  }
  return [outputs, h, c];
}

/** Outputs of all steps, and the last states of each layer and direction. One sample, so that the
 * axes of steps and samples may be in either order. */
function lstm(made, { input, hx, params, has_biases, num_layers, bidirectional }, every) {
  const width = input.shape[2];
  let steps = [];
  for (let t = 0; t * width < input.data.length; t++) steps.push(input.data.subarray(t * width, (t + 1) * width));
  const [ways, each] = [bidirectional ? 2 : 1, has_biases ? 4 : 2];
  const [hidden, cells] = [[], []];
  const size = (states, i) => states.data.subarray((i * states.data.length) / states.shape[0], ((i + 1) * states.data.length) / states.shape[0]);
  for (let layer = 0; layer < num_layers; layer++) {
    const sides = [];
    for (let way = 0; way < ways; way++) {
      const at = layer * ways + way;
      const order = way ? [...steps].reverse() : steps;
      const [outputs, h, c] = direction(order, size(hx[0], at), size(hx[1], at), params.slice(at * each, (at + 1) * each));
      sides.push(way ? outputs.reverse() : outputs);
      hidden.push(h);
      cells.push(c);
    }
    steps = steps.map((_, t) => Float64Array.from(sides.flatMap((side) => [...side[t]])));
  }
  return [steps, hidden, cells].map((parts, i) => {
    if (!every[i]) return null;
    const out = empty(every[i]);
    let offset = 0;
    for (const part of parts) { out.data.set(part, offset); offset += part.length; }
    return out;
  });
}

// Parts, joins and indices -------------------------------------------------------------------------

function cut(made, { self, dim, start, step }) {
  const steps = strides(self.shape);
  const d = axis(dim, self);
  const side = self.shape[d];
  const from = Math.min(start === null ? 0 : start < 0 ? Math.max(start + side, 0) : start, side);
  const offset = from * steps[d];
  steps[d] *= step;
  return strided(made, self, steps, offset);
}

function select(made, { self, dim, index }) {
  const steps = strides(self.shape);
  const d = axis(dim, self);
  const offset = (index < 0 ? index + self.shape[d] : index) * steps[d];
  return strided(made, self, steps.filter((_, i) => i !== d), offset);
}

function split(made, { self, split_sizes, dim }, every) {
  let start = 0;
  return every.map((each, i) => {
    const from = start;
    start += split_sizes[i];
    return each && cut(each, { self, dim, start: from, step: 1 });
  });
}

function flip(made, { self, dims }) {
  const steps = strides(self.shape);
  let offset = 0;
  for (const dim of dims) {
    const d = axis(dim, self);
    offset += (self.shape[d] - 1) * steps[d];
    steps[d] = -steps[d];
  }
  return strided(made, self, steps, offset);
}

/** self with `src` written at these strides. */
function written(made, self, src, shape, steps, offset) {
  const out = empty(made);
  out.data.set(self.data);
  walk(shape, steps, offset, (to, i) => { out.data[to] = src.data[i]; });
  return out;
}

function sliceScatter(made, { self, src, dim, start, step }) {
  const steps = strides(self.shape);
  const d = axis(dim, self);
  const from = start === null ? 0 : start < 0 ? start + self.shape[d] : start;
  const offset = from * steps[d];
  steps[d] *= step;
  return written(made, self, src, src.shape, steps, offset);
}

function selectScatter(made, { self, src, dim, index }) {
  const steps = strides(self.shape);
  const d = axis(dim, self);
  const offset = (index < 0 ? index + self.shape[d] : index) * steps[d];
  return written(made, self, src, src.shape, steps.filter((_, i) => i !== d), offset);
}

function cat(made, { tensors, dim }) {
  const out = empty(made);
  const parts = tensors.filter((x) => x.data.length);
  const d = axis(dim, { shape: made.shape });
  const inner = count(made.shape.slice(d + 1));
  const whole = made.shape[d] * inner;
  let start = 0;
  for (const x of parts) {
    const run = x.shape[d] * inner;
    for (let o = 0; o * run < x.data.length; o++) out.data.set(x.data.subarray(o * run, (o + 1) * run), o * whole + start);
    start += run;
  }
  return out;
}

/** Constant padding; `pad` names the last axis first. Negative padding cuts. */
function pad(made, { self, pad: sides, value }) {
  const out = empty(made);
  out.data.fill(value ?? 0);
  const steps = strides(self.shape);
  const before = made.shape.map((_, d) => sides[2 * (made.shape.length - 1 - d)] ?? 0);
  const at = new Array(made.shape.length);
  for (let i = 0; i < out.data.length; i++) {
    let rest = i;
    let offset = 0;
    let inside = true;
    for (let d = made.shape.length - 1; d >= 0; d--) {
      at[d] = (rest % made.shape[d]) - before[d];
      rest = Math.floor(rest / made.shape[d]);
      inside &&= at[d] >= 0 && at[d] < self.shape[d];
      offset += at[d] * steps[d];
    }
    if (inside) out.data[i] = self.data[offset];
  }
  return out;
}

/** The place in x of each entry of `index`, with the index itself along one axis. */
function places(x, index, dim, visit) {
  const d = axis(dim, x);
  const steps = strides(x.shape);
  const own = steps[d];
  const others = steps.map((step, i) => (i === d ? 0 : step));
  walk(index.shape, others, 0, (offset, i) => visit(offset + index.data[i] * own, i));
}

function gather(made, { self, dim, index }) {
  const out = empty(made);
  places(self, index, dim, (offset, i) => { out.data[i] = self.data[offset]; });
  return out;
}

function scatter(made, { self, dim, index, src, value }) {
  const out = empty(made);
  out.data.set(self.data);
  const source = src && strided({ dtype: src.dtype, shape: index.shape }, src, strides(src.shape));
  places(self, index, dim, (offset, i) => { out.data[offset] = source ? source.data[i] : value; });
  return out;
}

function indexSelect(made, { self, dim, index }) {
  const [outer, length, inner] = around(self, dim);
  const out = empty(made);
  let to = 0;
  for (let o = 0; o < outer; o++) {
    for (const k of index.data) {
      const start = (o * length + k) * inner;
      out.data.set(self.data.subarray(start, start + inner), to);
      to += inner;
    }
  }
  return out;
}

/** self at arrays of whole numbers; null leaves an axis as it is. */
function indexOf(made, { self, indices }) {
  const every = self.shape.map((_, d) => indices[d] ?? null);
  const used = every.filter((index) => index !== null);
  const first = every.findIndex((index) => index !== null);
  const shape = used.reduce((a, x) => joined(a, x.shape), []);
  // NumPy's rule, which torch has: arrays that are not neighbours put their axes first.
  const last = every.length - 1 - [...every].reverse().findIndex((index) => index !== null);
  const front = last - first + 1 === used.length ? first : 0;
  const free = self.shape.map((_, d) => d).filter((d) => every[d] === null);
  const steps = strides(self.shape);
  const read = used.map((x) => strided({ dtype: "int64", shape }, x, broadcast(x, shape)).data);
  const dims = every.map((index, d) => (index === null ? -1 : d)).filter((d) => d >= 0);
  const sides = [...free.slice(0, front).map((d) => self.shape[d]), ...shape, ...free.slice(front).map((d) => self.shape[d])];
  const free_ = [...free.slice(0, front).map((d) => steps[d]), ...shape.map(() => 0), ...free.slice(front).map((d) => steps[d])];
  const among = [...free.slice(0, front).map(() => 0), ...strides(shape), ...free.slice(front).map(() => 0)];
  const where = new Float64Array(count(sides));
  walk(sides, among, 0, (offset, i) => { where[i] = offset; });
  const out = empty(made);
  walk(sides, free_, 0, (offset, i) => {
    let from = offset;
    dims.forEach((d, k) => {
      const index = read[k][where[i]];
      from += (index < 0 ? index + self.shape[d] : index) * steps[d];
    });
    out.data[i] = self.data[from];
  });
  return out;
}

/** The shape to which two shapes broadcast. */
function joined(a, b) {
  const length = Math.max(a.length, b.length);
  const side = (shape, d) => shape[shape.length - length + d] ?? 1;
  return Array.from({ length }, (_, d) => Math.max(side(a, d), side(b, d)));
}

function embedding(made, { weight, indices }) {
  return indexSelect(made, { self: weight, dim: 0, index: indices });
}

function repeat(made, { self, repeats }) {
  const shape = [...new Array(repeats.length - self.shape.length).fill(1), ...self.shape];
  const steps = strides(shape);
  // Each axis becomes two: the repeats, which do not move, and the axis itself.
  const sides = shape.flatMap((side, d) => [repeats[d], side]);
  const twice = steps.flatMap((step) => [0, step]);
  return { ...strided({ dtype: made.dtype, shape: sides }, self, twice), shape: made.shape };
}

const wider = (made, { self }) => strided(made, self, broadcast(self, made.shape));

/** What the player can compute; the names are those of exporters/tapes/ops.py. */
export const OPS = {
  abs: unary(Math.abs), neg: unary((x) => -x), sign: unary(Math.sign), exp: unary(Math.exp),
  expm1: unary(Math.expm1), log: unary(Math.log), log1p: unary(Math.log1p), log2: unary(Math.log2),
  sqrt: unary(Math.sqrt), rsqrt: unary((x) => 1 / Math.sqrt(x)), reciprocal: unary((x) => 1 / x),
  square: unary((x) => x * x), sin: unary(Math.sin), cos: unary(Math.cos), tanh: unary(Math.tanh),
  sigmoid: unary(sigmoid), erf: unary(erf), silu: unary((x) => x * sigmoid(x)),
  relu: unary((x) => (x < 0 ? 0 : x)), floor: unary(Math.floor), ceil: unary(Math.ceil),
  trunc: unary(Math.trunc), round: unary(round), isnan: unary((x) => (x !== x ? 1 : 0)),
  logical_not: unary((x) => (x ? 0 : 1)),
  cast: (made, { self }) => {
    const out = empty(made);
    const whole = made.dtype === "int64" || made.dtype === "int32";
    for (let i = 0; i < out.data.length; i++) {
      const x = self.data[i];
      out.data[i] = made.dtype === "bool" ? (x !== 0 ? 1 : 0) : whole ? Math.trunc(x) : x;
    }
    return out;
  },
  reshape: (made, { self }) => ({ data: self.data, shape: made.shape, dtype: made.dtype }),
  gelu: (made, { self, approximate }) => unary((x) => gelu(x, approximate))(made, { self }),
  elu: (made, { self, alpha, scale, input_scale }) =>
    unary((x) => (x > 0 ? scale * x : scale * alpha * Math.expm1(x * input_scale)))(made, { self }),
  leaky_relu: (made, { self, negative_slope }) => unary((x) => (x > 0 ? x : negative_slope * x))(made, { self }),
  // Comparisons, because Math.min and Math.max would have to be told of missing limits and NaN.
  clamp: (made, { self, min, max }) =>
    unary((x) => (min !== null && x < min ? min : max !== null && x > max ? max : x))(made, { self }),
  hardtanh: (made, { self, min_val, max_val }) => unary((x) => (x < min_val ? min_val : x > max_val ? max_val : x))(made, { self }),
  add: (made, { self, other, alpha }) => pairs(made, self, other, (a, b) => a + (alpha ?? 1) * b),
  sub: (made, { self, other, alpha }) => pairs(made, self, other, (a, b) => a - (alpha ?? 1) * b),
  mul: binary((a, b) => a * b),
  div: (made, { self, other, rounding_mode }) => {
    const rounded = { floor: Math.floor, trunc: Math.trunc }[rounding_mode] ?? ((x) => x);
    return pairs(made, self, other, (a, b) => rounded(a / b));
  },
  pow: (made, { self, exponent }) => pairs(made, self, exponent, Math.pow),
  maximum: binary((a, b) => (a > b || a !== a ? a : b)), minimum: binary((a, b) => (a < b || a !== a ? a : b)),
  hypot: binary(Math.hypot), atan2: binary(Math.atan2),
  // As in Python the result has the sign of the divisor; that of % has the sign of the dividend.
  remainder: binary((a, b) => a - Math.floor(a / b) * b), fmod: binary((a, b) => a % b),
  eq: truth((a, b) => a === b), ne: truth((a, b) => a !== b), lt: truth((a, b) => a < b),
  le: truth((a, b) => a <= b), gt: truth((a, b) => a > b), ge: truth((a, b) => a >= b),
  logical_and: truth((a, b) => a && b), logical_or: truth((a, b) => a || b),
  logical_xor: truth((a, b) => Boolean(a) !== Boolean(b)),
  where: (made, { condition, self, other }) => {
    const value = (x) => (isValue(x) ? x : { data: [x], shape: [] });
    const whole = { dtype: "float64", shape: made.shape };
    const [yes, no] = [value(self), value(other)].map((x) => strided(whole, x, broadcast(x, made.shape)));
    const out = empty(made);
    walk(made.shape, broadcast(condition, made.shape), 0, (offset, i) => {
      out.data[i] = condition.data[offset] ? yes.data[i] : no.data[i];
    });
    return out;
  },
  sum: reduce(total), mean: reduce((group) => total(group) / group.length),
  prod: reduce((group) => group.reduce((a, b) => a * b, 1)), amax: reduce(largest), amin: reduce(smallest),
  any: reduce((group) => (group.some(Boolean) ? 1 : 0)), all: reduce((group) => (group.every(Boolean) ? 1 : 0)),
  max: extreme(largest), min: extreme(smallest), argmax: reduce(place(largest)), argmin: reduce(place(smallest)),
  norm, var: (made, { self, dim, correction }) => reduced(made, self, dim, (group) => spread(group, correction)),
  var_mean: (made, { self, dim, correction }, every) => [
    every[0] && reduced(every[0], self, dim, (group) => spread(group, correction)),
    every[1] && reduced(every[1], self, dim, (group) => total(group) / group.length),
  ],
  cumsum: (made, { self, dim }) => lines(made, self, dim, (line) => { let sum = 0; return line.map((x) => (sum += x)); }),
  softmax: (made, { self, dim }) => lines(made, self, dim, softened),
  log_softmax: (made, { self, dim }) => lines(made, self, dim, logSoftened),
  permute: (made, { self, dims }) => {
    const steps = strides(self.shape);
    return strided(made, self, dims.map((d) => steps[axis(d, self)]));
  },
  expand: wider, select, slice: cut, split, slice_scatter: sliceScatter, select_scatter: selectScatter,
  scatter, index: indexOf, flip, repeat, copy: (made, { src }) => wider(made, { self: src }), cat, pad, embedding,
  gather, index_select: indexSelect, mm: (made, { self, mat2 }) => matrices(made, self, mat2),
  bmm: (made, { self, mat2 }) => matrices(made, self, mat2), linear, addmm, attention, batch_norm: batchNorm,
  layer_norm: layerNorm, group_norm: groupNorm, convolution, max_pool2d: maxPool, avg_pool2d: avgPool,
  adaptive_avg_pool2d: adaptiveAvgPool, lstm,
};

// The tape -----------------------------------------------------------------------------------------

/** Numbers of 16 bits as doubles: one bit of sign, five of the exponent, ten of the fraction. */
function half(bits) {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The arrays and the metadata of a safetensors file, an ArrayBuffer. */
export function readSafetensors(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const arrays = {};
  const { __metadata__: metadata = {}, ...entries } = head;
  for (const [name, { dtype, shape, data_offsets: [start, end] }] of Object.entries(entries)) {
    // A copy, because arrays in the file need not lie at multiples of their size.
    const bytes = buffer.slice(8 + length + start, 8 + length + end);
    const data = dtype === "F16" ? Float32Array.from(new Uint16Array(bytes), half) : new READERS[dtype](bytes);
    arrays[name] = { data: dtype === "I64" ? Float64Array.from(data, Number) : data, shape };
  }
  return { arrays, metadata };
}

/** A tape from its file. Throws an Error if it needs an operation that this player lacks. */
export function readTape(buffer) {
  const { arrays, metadata } = readSafetensors(buffer);
  const graph = JSON.parse(metadata.tape);
  if (graph.kind !== "etude-tape" || graph.version !== 1) throw new Error(`This is no tape of version 1: ${graph.kind} ${graph.version}`);
  const missing = [...new Set(graph.nodes.map((node) => node.op))].filter((op) => !OPS[op]);
  if (missing.length) throw new Error(`The player lacks: ${missing.join(", ")}`);
  const values = graph.values.map(([dtype, shape]) => ({ dtype, shape }));
  const constants = new Map();
  for (const [name, number] of Object.entries(graph.constants)) {
    const { dtype, shape } = values[number];
    constants.set(number, { data: arrays[name].data, dtype, shape });
  }
  return { ...graph, values, constants };
}

/**
 * The outputs of a tape by name. inputs: numbers by name, arrays of any kind. wanted: the outputs to
 * compute, by default all. given: values by the name of an output, from which the rest is computed;
 * so {code} gives the image of a code. seen(node, value): is called with each value that is made.
 */
export function play(tape, inputs, { wanted = Object.keys(tape.outputs), given = {}, seen } = {}) {
  const known = new Map(tape.constants);
  for (const [names, numbers] of [[tape.inputs, inputs], [tape.outputs, given]]) {
    for (const [name, data] of Object.entries(numbers)) {
      const value = empty(tape.values[names[name]]);
      if (data.length !== value.data.length) throw new Error(`${name} has ${data.length} numbers, not ${value.data.length}.`);
      value.data.set(data);
      known.set(names[name], value);
    }
  }
  for (const node of needed(tape, wanted, known)) {
    const every = node.outputs.map((number) => (number === null ? null : tape.values[number]));
    const first = every.find((each) => each !== null);
    const args = Object.fromEntries(Object.entries(node.args).map(([name, each]) => [name, real(each, known)]));
    const made = OPS[node.op](first, args, every);
    (Array.isArray(made) ? made : [made]).forEach((value, i) => {
      if (node.outputs[i] === null || node.outputs[i] === undefined) return;
      known.set(node.outputs[i], value);
      if (seen) seen(node, value);
    });
  }
  return Object.fromEntries(wanted.map((name) => [name, known.get(tape.outputs[name])]));
}

/** The nodes on which the wanted outputs depend and that are not known, in order. */
function needed(tape, wanted, known) {
  const open = new Set(wanted.map((name) => tape.outputs[name]));
  const chosen = [];
  for (const node of [...tape.nodes].reverse()) {
    if (!node.outputs.some((number) => open.has(number) && !known.has(number))) continue;
    chosen.push(node);
    for (const number of named(Object.values(node.args))) open.add(number);
  }
  return chosen.reverse();
}

/** The numbers of the values in arguments. */
function named(argument) {
  if (Array.isArray(argument)) return argument.flatMap(named);
  return argument !== null && typeof argument === "object" && "value" in argument ? [argument.value] : [];
}

/** An argument with values in the place of their numbers. */
function real(argument, known) {
  if (Array.isArray(argument)) return argument.map((each) => real(each, known));
  if (argument === null || typeof argument !== "object") return argument;
  if ("value" in argument) return known.get(argument.value);
  return Number(argument.number);
}
