/** Programs that put themselves in the background: their main process ends, and that ends everything. */

type Habit = {
  readonly names: readonly string[];
  /** Without one of these it goes; null: only with one of `goes`. */
  readonly stays: RegExp | null;
  readonly goes: RegExp | null;
  readonly hint: string;
};

/** Matched against the arguments, joined by blanks. */
const habits: readonly Habit[] = [
  {
    names: ['nginx'],
    stays: /daemon\s+off|(^|\s)-[^\s]*[thvV](\s|$)|-s\s/,
    goes: null,
    hint: "add -g 'daemon off;'",
  },
  {
    names: ['memcached'],
    stays: null,
    goes: /(^|\s)(-[A-Za-z]*d|--daemon)(\s|$)/,
    hint: 'remove -d',
  },
  {
    names: ['redis-server', 'valkey-server'],
    stays: null,
    goes: /--daemonize\s+yes/,
    hint: 'write --daemonize no',
  },
  {
    names: ['httpd', 'apache2'],
    stays: /FOREGROUND|NO_DETACH|(^|\s)-[Xtv](\s|$)/,
    goes: null,
    hint: 'add -D FOREGROUND',
  },
  {
    names: ['apachectl', 'apache2ctl'],
    stays: /FOREGROUND/,
    goes: null,
    hint: 'write apachectl -D FOREGROUND',
  },
  {
    names: ['php-fpm'],
    stays: /(^|\s)(-[A-Za-z]*[Ftiv]|--nodaemonize)/,
    goes: null,
    hint: 'add -F (--nodaemonize)',
  },
  { names: ['sshd'], stays: /(^|\s)-[A-Za-z]*[Ddt]/, goes: null, hint: 'add -D' },
  { names: ['cron', 'crond'], stays: /(^|\s)-[A-Za-z]*[fn]/, goes: null, hint: 'add -f' },
  { names: ['supervisord'], stays: /(^|\s)(-n|--nodaemon)/, goes: null, hint: 'add --nodaemon' },
  { names: ['lighttpd'], stays: /(^|\s)-[A-Za-z]*[Dt]/, goes: null, hint: 'add -D' },
  { names: ['tinyproxy'], stays: /(^|\s)-[A-Za-z]*[dhv]/, goes: null, hint: 'add -d' },
  { names: ['varnishd'], stays: /(^|\s)-[A-Za-z]*[FCV]/, goes: null, hint: 'add -F' },
  { names: ['rsyslogd'], stays: /(^|\s)-[A-Za-z]*[nNv]/, goes: null, hint: 'add -n' },
  {
    names: ['dnsmasq'],
    stays: /(^|\s)(-[A-Za-z]*[kdwv]|--keep-in-foreground|--no-daemon)/,
    goes: null,
    hint: 'add --keep-in-foreground',
  },
  {
    names: ['haproxy'],
    stays: null,
    goes: /(^|\s)-D/,
    hint: 'remove -D (with -W a master stays)',
  },
  {
    names: ['gunicorn', 'celery'],
    stays: null,
    goes: /(^|\s)(-D|--daemon)(\s|$)/,
    hint: 'remove --daemon',
  },
  { names: ['uwsgi'], stays: null, goes: /(^|\s)(-d|--daemonize)/, hint: 'remove --daemonize' },
  {
    names: ['puma', 'unicorn'],
    stays: null,
    goes: /(^|\s)(-D|-d|--daemon)(\s|$)/,
    hint: 'remove it',
  },
  { names: ['caddy'], stays: null, goes: /^start(\s|$)/, hint: 'write caddy run' },
  { names: ['pg_ctl'], stays: null, goes: /(^|\s)start(\s|$)/, hint: 'run postgres itself' },
  { names: ['pm2'], stays: /--no-daemon/, goes: null, hint: 'write pm2-runtime' },
  {
    names: ['service', 'systemctl', 'rc-service'],
    stays: null,
    goes: /start/,
    hint: 'run the program itself',
  },
];

/** What to do about it; null: it stays in the foreground as far as we can see. */
export function goesToBackground(argv: readonly string[]): string | null {
  const [program = '', ...rest] = argv;
  // php-fpm8.2 is php-fpm.
  const name = program.slice(program.lastIndexOf('/') + 1).replace(/[\d.]+$/, '');
  const file = program.slice(program.lastIndexOf('/') + 1);
  const habit = habits.find((one) => one.names.includes(name) || one.names.includes(file));
  if (habit === undefined) return null;
  const text = rest.join(' ');
  const goes = habit.stays === null ? habit.goes?.test(text) === true : !habit.stays.test(text);
  return goes ? habit.hint : null;
}
