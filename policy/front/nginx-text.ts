/** The text of an nginx configuration. Explicit where a default differs between nginx's versions. */
import { mimeTypes } from './mime.ts';
import type { FrontRoute } from './model.ts';

export type NginxInput = {
  readonly port: number;
  /**
   * nginx opens its sockets for a test too, and a client that came in between would be reset:
   * `aside` is an address of the loopback network that nobody asks.
   */
  readonly listen: 'public' | 'aside';
  readonly routes: readonly FrontRoute[];
  /** Private to this nginx: pid, temporary files, this configuration. */
  readonly directory: string;
  readonly workers: number;
  readonly ipv6: boolean;
  readonly userRoot: boolean;
  /** WebSockets and slow clients are cut after this. */
  readonly shutdownMs: number;
};

/** nginx expands `$` in alias and has no way to quote it; a control character can't be meant. */
export function problemWith(route: FrontRoute): string | null {
  const bad = (text: string): boolean =>
    [...text].some((char) => char === '$' || char < ' ' || char === '\u007f');
  if (bad(route.path)) return `cannot route \`${route.path}\`: nginx can't take \`$\` here`;
  if (route.type === 'directory' && bad(route.directory))
    return `cannot serve \`${route.directory}\`: nginx can't take \`$\` in a path`;
  return null;
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, (char) => `\\${char}`)}"`;
}

function upstreamName(port: number): string {
  return `app_${port}`;
}

function upstreams(routes: readonly FrontRoute[]): string {
  const ports = new Set(
    routes.flatMap((route) =>
      route.type === 'process' && route.address.type === 'tcp' ? [route.address.port] : [],
    ),
  );
  return [...ports]
    .map(
      (port) => `  upstream ${upstreamName(port)} {
    # 127.0.0.1, never localhost: that may be two addresses, one of them refused.
    server 127.0.0.1:${port} max_fails=0;
    keepalive 32;
    # Apps close idle connections after 2 to 5 s; one that is reused just then would be a 502.
    keepalive_timeout 1s;
  }
`,
    )
    .join('');
}

function portOf(route: FrontRoute): number {
  return route.type === 'process' && route.address.type === 'tcp' ? route.address.port : 0;
}

function location(route: FrontRoute): string {
  if (route.type === 'directory') {
    // Nested, so that dot files are refused here and the app may still have its own.
    const dir = route.directory.endsWith('/') ? route.directory : `${route.directory}/`;
    return `    location ^~ ${quote(route.path)} {
      alias ${quote(dir)};
      charset utf-8;
      location ~ /\\. { return 404; }
    }
`;
  }
  return `    location ^~ ${quote(route.path)} {
      proxy_pass http://${upstreamName(portOf(route))};
    }
`;
}

/** \`/static\` without its slash goes to \`/static/\`, as a directory does in a file system. */
function slashless(route: FrontRoute, routes: readonly FrontRoute[]): string {
  const bare = route.path.slice(0, -1);
  if (route.type !== 'directory' || bare === '' || routes.some((one) => one.path === bare))
    return '';
  return `    location = ${quote(bare)} { return 301 ${quote(route.path)}; }
`;
}

function addresses({ listen, port, ipv6 }: NginxInput): readonly string[] {
  if (listen === 'aside') return [`127.255.255.254:${port}`];
  // A socket for each family: one for both would call IPv4 clients ::ffff:192.0.2.1.
  return ipv6 ? [`${port}`, `[::]:${port} ipv6only=on`] : [`${port}`];
}

export function renderNginx(input: NginxInput): string {
  const { directory, routes } = input;
  const listen = addresses(input).map((one) => `    listen ${one} default_server;\n`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${quote(`${directory}/${kind}`)};\n`)
    .join('');
  return `# Made by Tandem from the front of its plan; changes are lost at the next start.
daemon off;
${input.userRoot ? 'user root;\n' : ''}worker_processes ${input.workers};
pid ${quote(`${directory}/nginx.pid`)};
error_log stderr warn;
worker_shutdown_timeout ${input.shutdownMs}ms;

events {
  worker_connections 2048;
}

http {
${temporary}
${mimeTypes}
  default_type application/octet-stream;
  charset_types text/plain text/css text/javascript text/xml text/csv text/markdown text/vtt;
  server_tokens off;
  # Clients know another host and port than nginx does.
  absolute_redirect off;
  # The platform logs requests.
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 650s;
  client_max_body_size 32m;

  map $http_upgrade $tandem_connection {
    default upgrade;
    "" "";
  }
  # What an outer proxy said stays true: it ended TLS, not we.
  map $http_x_forwarded_proto $tandem_proto {
    default $http_x_forwarded_proto;
    "" $scheme;
  }
  map $http_x_forwarded_host $tandem_host {
    default $http_x_forwarded_host;
    "" $http_host;
  }

  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $tandem_proto;
  proxy_set_header X-Forwarded-Host $tandem_host;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $tandem_connection;
  proxy_connect_timeout 5s;
  proxy_read_timeout 3600s;
  proxy_send_timeout 3600s;
  proxy_request_buffering off;
  # A response is never spilled to disk, which is memory on some platforms.
  proxy_max_temp_file_size 0;
  proxy_redirect off;

${upstreams(routes)}
  server {
${listen.join('')}    server_name _;
${routes.map((route) => slashless(route, routes)).join('')}${routes.map(location).join('')}  }
}
`;
}
