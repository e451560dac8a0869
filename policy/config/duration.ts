/** Durations as people write them: `5s`, `500ms`, `1m30s`. A unit is always there. */

const units: readonly (readonly [string, number])[] = [
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
];

/** Milliseconds, or null when it isn't a duration. */
export function parseDuration(text: string): number | null {
  let rest = text.trim();
  let total = 0;
  let last = Infinity;
  if (rest === '') return null;
  while (rest !== '') {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)/.exec(rest);
    const unit = units.find(([name]) => name === match?.[2]);
    if (match === null || unit === undefined || unit[1] >= last) return null;
    total += Number(match[1]) * unit[1];
    last = unit[1];
    rest = rest.slice(match[0].length);
  }
  return Math.round(total);
}
