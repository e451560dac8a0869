/** What becomes of Compose's keys that no process can have; the keys are those of its reference. */
import type { Verdict } from './draft.ts';

export type Told = readonly [Verdict, string];

const whole = (how: string): Told => ['lost', `it is the container’s, not a process’s: ${how}`];
const network: Told = [
  'better',
  'processes of one container share its network: they meet on 127.0.0.1',
];
const images: Told = [
  'better',
  'one image holds all programs: see the Dockerfile of `tandem init`',
];
const run = (flag: string): Told => whole(`give it to what runs the image (docker run ${flag})`);
const platform = (what: string): Told => whole(`set ${what} where the image is deployed`);

export const serviceTold: Readonly<Record<string, Told>> = {
  annotations: platform('annotations'),
  attach: ['better', 'all output goes to the container’s own, with the name'],
  blkio_config: platform('limits of the disk'),
  build: images,
  cap_add: run('--cap-add'),
  cap_drop: run('--cap-drop'),
  cgroup: run('--cgroupns'),
  cgroup_parent: run('--cgroup-parent'),
  configs: ['lost', 'copy the file into the image, or render it with `files`'],
  container_name: ['better', 'the process’s name stands for it'],
  cpu_count: platform('the processors'),
  cpu_percent: platform('the processors'),
  cpu_period: platform('the processors'),
  cpu_quota: platform('the processors'),
  cpu_rt_period: platform('the processors'),
  cpu_rt_runtime: platform('the processors'),
  cpu_shares: ['lost', '`nice` is what one process has of it'],
  cpus: platform('the processors'),
  cpuset: platform('the processors'),
  credential_spec: platform('credentials'),
  deploy: platform('replicas, resources and updates'),
  develop: ['lost', 'Tandem watches no files: it runs what is in the image'],
  device_cgroup_rules: run('--device-cgroup-rule'),
  devices: run('--device'),
  dns: run('--dns'),
  dns_opt: run('--dns-option'),
  dns_search: run('--dns-search'),
  domainname: run('--domainname'),
  driver_opts: network,
  external_links: network,
  extra_hosts: run('--add-host'),
  gpus: run('--gpus'),
  group_add: ['lost', 'a user by name has the groups that list it; else `user: name:group`'],
  hostname: run('--hostname'),
  image: images,
  init: ['better', 'Tandem is the init'],
  ipc: run('--ipc'),
  isolation: run('--isolation'),
  label_file: platform('labels'),
  labels: platform('labels'),
  links: network,
  logging: ['better', 'output goes to the container’s own; `logs` says in which shape'],
  mac_address: network,
  mem_limit: platform('the memory'),
  mem_reservation: platform('the memory'),
  mem_swappiness: platform('the memory'),
  memswap_limit: platform('the memory'),
  models: ['lost', 'nothing provides models here'],
  network_mode: network,
  networks: network,
  oom_kill_disable: platform('the memory'),
  pid: run('--pid'),
  pids_limit: ['lost', '`ulimits: {nproc: N}` is near to it'],
  platform: images,
  post_start: ['lost', 'a oneshot that `depends_on` the process does it'],
  privileged: run('--privileged'),
  provider: ['lost', 'Tandem asks no other tool to provide a process'],
  pull_policy: images,
  read_only: ['better', 'Tandem needs no writable root (docker run --read-only)'],
  runtime: run('--runtime'),
  scale: ['lost', 'write a process for each copy, each with a port of its own'],
  security_opt: run('--security-opt'),
  shm_size: run('--shm-size'),
  storage_opt: run('--storage-opt'),
  sysctls: run('--sysctl'),
  tmpfs: run('--tmpfs'),
  use_api_socket: run('-v /var/run/docker.sock'),
  userns_mode: run('--userns'),
  uts: run('--uts'),
  volumes: run('-v'),
  volumes_from: ['better', 'processes of one container share its files'],
};

export const topTold: Readonly<Record<string, Told>> = {
  name: ['better', 'the container has the name that is given to it'],
  version: ['better', 'Compose itself does not read it any more'],
  networks: network,
  volumes: run('-v'),
  configs: ['lost', 'copy the files into the image'],
  models: ['lost', 'nothing provides models here'],
};

/** Programs of well-known images that are run without a command; the image itself is not there any more. */
export const imageCommands: Readonly<
  Record<string, { readonly command: string; readonly port: number; readonly stopSignal?: string }>
> = {
  nginx: { command: "nginx -g 'daemon off;'", port: 80, stopSignal: 'QUIT' },
  redis: { command: 'redis-server', port: 6379 },
  valkey: { command: 'valkey-server', port: 6379 },
  memcached: { command: 'memcached -u nobody', port: 11211 },
  httpd: { command: 'httpd-foreground', port: 80, stopSignal: 'WINCH' },
  caddy: { command: 'caddy run --config /etc/caddy/Caddyfile', port: 80 },
  haproxy: {
    command: 'haproxy -W -db -f /usr/local/etc/haproxy/haproxy.cfg',
    port: 80,
    stopSignal: 'USR1',
  },
  rabbitmq: { command: 'rabbitmq-server', port: 5672 },
};
