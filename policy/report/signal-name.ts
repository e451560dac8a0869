/** Signals by the names people use; Linux numbers, which every architecture we build for shares. */
const names = [
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP',
  'TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS',
]
  .join(' ')
  .split(' ');

const rtMin = 34;

export function signalName(signal: number): string {
  const name = names[signal - 1];
  if (name !== undefined) return `SIG${name}`;
  return signal >= rtMin ? `SIGRTMIN+${signal - rtMin}` : `signal ${signal}`;
}
