/** Signals by name, with or without SIG, or by number. Linux numbers. */

const names = (
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP ' +
  'TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'
).split(' ');

export const signalNames: readonly string[] = names;
const rtMin = 34;
const rtMax = 64;

/** null when there is no such signal. */
export function parseSignal(text: string): number | null {
  const name = text.trim().toUpperCase().replace(/^SIG/, '');
  if (/^\d+$/.test(name)) {
    const number = Number(name);
    return number >= 1 && number <= rtMax ? number : null;
  }
  const realtime = /^RTMIN(?:\+(\d+))?$/.exec(name);
  if (realtime !== null) {
    const number = rtMin + Number(realtime[1] ?? 0);
    return number <= rtMax ? number : null;
  }
  const index = names.indexOf(name);
  return index < 0 ? null : index + 1;
}
