/** Servers that TERM cuts short, and the signal with which they finish what they have begun. */

/** As their official images have it in STOPSIGNAL. */
const signals: readonly (readonly [name: RegExp, signal: number])[] = [
  [/^(nginx|openresty|php-fpm[\d.]*)$/, 3], // QUIT
  [/^haproxy$/, 10], // USR1
  [/^(httpd|apache2)$/, 28], // WINCH
  [/^postgres$/, 2], // INT: TERM waits for every client to go
];
const sigterm = 15;

/** Where no `stop_signal` is written. `program`: a command's first word. */
export function stopSignalOf(program: string): number {
  const name = program.slice(program.lastIndexOf('/') + 1);
  return signals.find(([pattern]) => pattern.test(name))?.[1] ?? sigterm;
}
