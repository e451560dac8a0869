// One LZ4 block out of bytes; host/unlz4.c reads it. The same bytes always give the same block.

const matchMin = 4;
/** The last bytes are literals, and no match begins in the last twelve (the format says so). */
const literalsAtEnd = 5;
const lastMatch = 12;
const farthest = 65_535;
/** How many earlier places are tried. */
const depth = 512;

function hashAt(bytes, at) {
  const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  return Math.imul(word, 2_654_435_761) >>> 16;
}

/** For every place the longest match that begins there: lengths and distances. */
function matches(bytes) {
  const heads = new Int32Array(65_536).fill(-1);
  const before = new Int32Array(bytes.length).fill(-1);
  const lengths = new Uint32Array(bytes.length);
  const distances = new Uint32Array(bytes.length);
  const most = bytes.length - literalsAtEnd;
  for (let at = 0; at <= bytes.length - lastMatch; at += 1) {
    const hash = hashAt(bytes, at);
    let best = 0;
    let tried = 0;
    for (let from = heads[hash]; from >= 0 && at - from <= farthest; from = before[from]) {
      if (bytes[from + best] === bytes[at + best]) {
        let length = 0;
        while (at + length < most && bytes[from + length] === bytes[at + length]) length += 1;
        if (length > best) {
          best = length;
          lengths[at] = length;
          distances[at] = at - from;
        }
      }
      tried += 1;
      if (tried === depth || at + best >= most) break;
    }
    before[at] = heads[hash];
    heads[hash] = at;
  }
  return { lengths, distances };
}

const extra = (length, inToken) =>
  length < inToken ? 0 : 1 + Math.floor((length - inToken) / 255);

/** The cheapest way from each place to the end: 0 is a literal, else the length of a match. */
function cheapest(bytes, { lengths }) {
  const cost = new Float64Array(bytes.length + 1);
  const choice = new Uint32Array(bytes.length + 1);
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    cost[at] = 1.002 + cost[at + 1];
    const longest = lengths[at];
    // Every shorter match is one too; the very long ones need no weighing.
    const least = longest > 300 ? longest : matchMin;
    for (let length = longest; length >= least && length >= matchMin; length -= 1) {
      // A sequence costs time as well as bytes, so a match has to save something.
      const price = 3.4 + extra(length - matchMin, 15) + cost[at + length];
      if (price < cost[at]) {
        cost[at] = price;
        choice[at] = length;
      }
    }
  }
  return choice;
}

function putLength(out, rest) {
  for (; rest >= 255; rest -= 255) out.push(255);
  out.push(rest);
}

export function lz4(bytes) {
  const found = matches(bytes);
  const choice = cheapest(bytes, found);
  const out = [];
  let from = 0;
  const sequence = (at, length) => {
    const literals = at - from;
    const coded = length === 0 ? 0 : length - matchMin;
    out.push((Math.min(literals, 15) << 4) | Math.min(coded, 15));
    if (literals >= 15) putLength(out, literals - 15);
    for (let i = from; i < at; i += 1) out.push(bytes[i]);
    if (length === 0) return;
    const distance = found.distances[at];
    out.push(distance & 255, distance >> 8);
    if (coded >= 15) putLength(out, coded - 15);
  };
  for (let at = 0; at < bytes.length; ) {
    const length = choice[at];
    if (length === 0) at += 1;
    else {
      sequence(at, length);
      at += length;
      from = at;
    }
  }
  sequence(bytes.length, 0);
  return Buffer.from(out);
}
