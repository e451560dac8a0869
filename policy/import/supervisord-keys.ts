/** What becomes of supervisord's keys; they are those of its reference (supervisord.org/configuration.html). */
import type { Verdict } from './draft.ts';

export type Told = readonly [Verdict, string];

export const noServer: Told = [
  'better',
  '`control` is a socket for the same user and root; `tandem status`, `restart`, `logs`',
];
export const toStdout: Told = [
  'better',
  'all output goes to the container’s own, in whole lines with the name',
];
const noFile: Told = [
  'lost',
  'Tandem writes no log files and none is turned over: the platform keeps the output',
];
const noCapture: Told = ['lost', 'there are no events to capture output for'];
const nothingToDo: Told = ['better', 'Tandem needs nothing of the kind'];

/** Sections that configure supervisord itself. */
export const ownKeys: Readonly<Record<string, Readonly<Record<string, Told>>>> = {
  unix_http_server: {
    file: ['better', '`control: PATH`; without it /run/tandem/control or /tmp/tandem-UID/control'],
    chmod: ['better', 'its folder has mode 0700 and its owner is checked'],
    chown: ['better', 'the kernel tells who connects: the same user and root may'],
    username: noServer,
    password: noServer,
  },
  inet_http_server: {
    port: [
      'lost',
      'nobody commands Tandem over the network; `control: {http: 127.0.0.1:9900}` answers /ready, /live and /metrics',
    ],
    username: noServer,
    password: noServer,
  },
  supervisord: {
    logfile: ['better', 'Tandem says its few lines on stderr'],
    logfile_maxbytes: noFile,
    logfile_backups: noFile,
    loglevel: ['better', 'quiet unless `-v`'],
    pidfile: nothingToDo,
    nodaemon: ['better', 'Tandem never goes to the background'],
    silent: nothingToDo,
    minprocs: ['lost', 'set `ulimits: {nproc: N}` on the process that needs it'],
    nocleanup: nothingToDo,
    childlogdir: toStdout,
    strip_ansi: [
      'lost',
      'bytes go through as they are; most programs stop colouring when it is no terminal',
    ],
    identifier: nothingToDo,
    user: [
      'better',
      'Tandem runs as the image’s USER and is content with it; `user` of a process is carried',
    ],
  },
  supervisorctl: Object.fromEntries(
    ['serverurl', 'username', 'password', 'prompt', 'history_file'].map((key) => [key, noServer]),
  ),
};

export const programKeys = [
  'command',
  'process_name',
  'numprocs',
  'numprocs_start',
  'priority',
  'autostart',
  'startsecs',
  'startretries',
  'autorestart',
  'exitcodes',
  'stopsignal',
  'stopwaitsecs',
  'stopasgroup',
  'killasgroup',
  'user',
  'redirect_stderr',
  'stdout_logfile',
  'stdout_logfile_maxbytes',
  'stdout_logfile_backups',
  'stdout_capture_maxbytes',
  'stdout_events_enabled',
  'stdout_syslog',
  'stderr_logfile',
  'stderr_logfile_maxbytes',
  'stderr_logfile_backups',
  'stderr_capture_maxbytes',
  'stderr_events_enabled',
  'stderr_syslog',
  'environment',
  'directory',
  'umask',
  'serverurl',
] as const;
export type ProgramKey = (typeof programKeys)[number];

export const socketKeys = ['socket', 'socket_backlog', 'socket_owner', 'socket_mode'];
export const listenerKeys = ['buffer_size', 'events', 'result_handler'];

export const simple: Readonly<Partial<Record<ProgramKey, Told>>> = {
  killasgroup: ['better', 'what is left of a group is always killed'],
  startsecs: [
    'better',
    'ready means that it can serve (`port`, `ready`), not that it lived for a while',
  ],
  serverurl: noServer,
  redirect_stderr: ['better', 'stderr stays apart, and its last lines are part of the reason'],
  stdout_syslog: ['lost', 'the platform collects stdout'],
  stderr_syslog: ['lost', 'the platform collects stderr'],
  stdout_logfile_maxbytes: noFile,
  stdout_logfile_backups: noFile,
  stderr_logfile_maxbytes: noFile,
  stderr_logfile_backups: noFile,
  stdout_capture_maxbytes: noCapture,
  stderr_capture_maxbytes: noCapture,
  stdout_events_enabled: noCapture,
  stderr_events_enabled: noCapture,
};

/** All keys of the reference, for the test that none is forgotten. */
export const supervisordKeys: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(Object.entries(ownKeys).map(([name, table]) => [name, Object.keys(table)])),
  program: programKeys,
  'fcgi-program': socketKeys,
  eventlistener: listenerKeys,
};
