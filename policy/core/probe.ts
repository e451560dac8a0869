/** The pace of probes: the first at once, then every few milliseconds, easing off to 250. */

export const probeTimeoutMs = 1000;

const firstMs = 2;
const mostMs = 250;
/** Probes at the first pace: an app that starts fast is noticed fast. */
const fastProbes = 50;

/** How long to wait after the `count`th failed probe. */
export function afterFailedProbe(count: number): number {
  if (count <= fastProbes) return firstMs;
  // Each step a tenth longer: after a minute of waiting the cost is four probes a second.
  return Math.min(mostMs, Math.round(firstMs * 1.1 ** (count - fastProbes)));
}
