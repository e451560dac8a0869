/** The text of an nginx configuration. Explicit where a default differs between nginx's versions. */
import { mimeTypes } from './mime.ts';
import type { FrontPlan } from './model.ts';
import { addHeaders, forwardedOnly, locations, restMaps, upstreams } from './nginx-routes.ts';
import { dollarMap, quote, quoteText } from './nginx-words.ts';

export type NginxSettings = {
  /**
   * nginx opens its sockets for a test too, and a client that came in between would be reset:
   * `aside` is an address of the loopback network that nobody asks.
   */
  readonly listen: 'public' | 'aside';
  /** Private to this nginx: pid, temporary files, this configuration. */
  readonly directory: string;
  readonly userRoot: boolean;
  /** Whether `http2 on` is known, which serves HTTP/1 on the same port; else `listen … http2`. */
  readonly mixed: boolean;
  /** WebSockets and slow clients are cut after this. */
  readonly shutdownMs: number;
};

function listens({ port, ipv6, http2 }: FrontPlan, { listen, mixed }: NginxSettings): string {
  // A socket for each family: one for both would call IPv4 clients ::ffff:192.0.2.1.
  const all =
    listen === 'aside'
      ? [`127.255.255.254:${port}`]
      : ipv6
        ? [`${port}`, `[::]:${port} ipv6only=on`]
        : [`${port}`];
  const word = http2 !== 'off' && !mixed ? ' http2' : '';
  const on = http2 !== 'off' && mixed ? '    http2 on;\n' : '';
  return `${all.map((one) => `    listen ${one} default_server${word};\n`).join('')}${on}`;
}

const compressed =
  'text/plain text/css text/javascript text/xml text/csv text/markdown text/vtt text/calendar ' +
  'application/json application/javascript application/ld+json application/manifest+json ' +
  'application/rss+xml application/atom+xml application/xml application/xhtml+xml ' +
  'application/wasm image/svg+xml image/x-icon font/ttf application/vnd.ms-fontobject';

function compression({ compress }: FrontPlan): string {
  if (!compress) return '';
  return `  gzip on;
  gzip_vary on;
  gzip_proxied any;
  gzip_min_length 1024;
  gzip_comp_level 5;
  gzip_types ${compressed};
`;
}

/** Who may say what of the client. */
function trust({ trustedProxies }: FrontPlan): string {
  const real = trustedProxies.map((one) => `  set_real_ip_from ${one};\n`).join('');
  const geo = trustedProxies.map((one) => `    ${one} 1;\n`).join('');
  const trusted = (name: string): string =>
    `  map $tandem_trusted $tandem_${name} {\n    1 $http_${name};\n    default "";\n  }\n`;
  const said = ['x_forwarded_for', 'x_forwarded_proto', 'x_forwarded_host', 'x_forwarded_prefix'];
  const client = real === '' ? '' : '  real_ip_header X-Forwarded-For;\n  real_ip_recursive on;\n';
  return `${real}${client}  geo $realip_remote_addr $tandem_trusted {
    default 0;
${geo}  }
${[...said, ...forwardedOnly].map(trusted).join('')}  map $tandem_x_forwarded_for $tandem_for {
    "" $realip_remote_addr;
    default "$tandem_x_forwarded_for, $realip_remote_addr";
  }
  # What an outer proxy said stays true: it ended TLS, not we.
  map $tandem_x_forwarded_proto $tandem_proto {
    "" $scheme;
    default $tandem_x_forwarded_proto;
  }
  map $tandem_x_forwarded_host $tandem_host {
    "" $tandem_authority;
    default $tandem_x_forwarded_host;
  }
  map $tandem_proto $tandem_https {
    https on;
    default "";
  }
`;
}

function accessLog({ accessLog: kind, traceProject }: FrontPlan): string {
  // The platform logs requests.
  if (kind === 'off') return '  access_log off;\n';
  if (kind === 'text')
    return `  log_format tandem '$remote_addr "$request" $status $body_bytes_sent \${request_time}s "$http_user_agent"';
  access_log /dev/stdout tandem;
`;
  const project = traceProject === null ? '' : `projects/${traceProject}/traces/`;
  const plain = /^[\w:/.-]*$/.test(project) ? project : '';
  return `  map $status $tandem_severity {
    ~^5 ERROR;
    ~^4 WARNING;
    default INFO;
  }
  map $http_x_cloud_trace_context $tandem_trace_cloud {
    "~^(?<tandem_cloud>[0-9a-f]{32})(/|;|$)" $tandem_cloud;
    default "";
  }
  map $http_traceparent $tandem_trace_id {
    "~^[0-9a-f]{2}-(?<tandem_w3c>[0-9a-f]{32})-" $tandem_w3c;
    default $tandem_trace_cloud;
  }
  map $tandem_trace_id $tandem_trace {
    "" "";
    default "${plain}$tandem_trace_id";
  }
  map $http_traceparent $tandem_span {
    "~^[0-9a-f]{2}-[0-9a-f]{32}-(?<tandem_parent>[0-9a-f]{16})-" $tandem_parent;
    default "";
  }
  map $http_traceparent $tandem_sampled {
    "~^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-.[13579bdf]$" true;
    default false;
  }
  log_format tandem escape=json '{"severity":"$tandem_severity","time":"$time_iso8601",'
    '"httpRequest":{"requestMethod":"$request_method","requestUrl":"$tandem_proto://$tandem_host$request_uri",'
    '"requestSize":"$request_length","status":$status,"responseSize":"$bytes_sent",'
    '"userAgent":"$http_user_agent","remoteIp":"$remote_addr","referer":"$http_referer",'
    '"latency":"\${request_time}s","protocol":"$server_protocol"},'
    '"logging.googleapis.com/trace":"$tandem_trace","logging.googleapis.com/spanId":"$tandem_span",'
    '"logging.googleapis.com/trace_sampled":$tandem_sampled}';
  access_log /dev/stdout tandem;
`;
}

function own(plan: FrontPlan): string {
  const place = (path: string | null, before: string): string =>
    path === null
      ? ''
      : `    location = ${quote(path)} {
      access_log off;
      default_type text/plain;
      add_header Cache-Control no-store always;
${before}      return 200 "ok\\n";
    }
`;
  const stopping =
    plan.stoppingFile === null
      ? ''
      : `      if (-f ${quoteText(plan.stoppingFile)}) { return 503 "stopping\\n"; }\n`;
  return place(plan.readyPath, stopping) + place(plan.livePath, '');
}

/** Answers of nginx itself for a process that isn't there. */
function away(plan: FrontPlan): string {
  const grpc = (
    name: string,
    status: number,
    text: string,
  ): string => `    location @tandem_grpc_${name} {
      default_type application/grpc;
      add_header grpc-status ${status} always;
      add_header grpc-message ${quote(text)} always;
      return 200 "";
    }
`;
  const some = (protocol: string): boolean =>
    plan.routes.some((route) => route.type === 'process' && route.protocol === protocol);
  return `    error_page 502 = @tandem_away;
    location @tandem_away {
      default_type text/plain;
      add_header Retry-After 1 always;
${addHeaders(plan.headers, '      ')}      return 503 "503 the process behind this is not there\\n";
    }
${some('grpc') ? grpc('away', 14, 'the process is not there') + grpc('late', 4, 'the process is silent') : ''}`;
}

function indented(lines: string, by: string): string {
  return lines.trim() === '' ? '' : `${lines.trimEnd().replace(/^/gm, by)}\n`;
}

export function renderNginx(plan: FrontPlan, settings: NginxSettings): string {
  const { directory } = settings;
  const { nginx, clientTimeoutMs } = plan;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${quote(`${directory}/${kind}`)};\n`)
    .join('');
  const raw = nginx.locations
    .map(([name, lines]) => `    location ${name} {\n${indented(lines, '      ')}    }\n`)
    .join('');
  return `# Made by Tandem from the front of its plan; changes are lost at the next start.
daemon off;
${settings.userRoot ? 'user root;\n' : ''}worker_processes ${plan.workers};
pid ${quote(`${directory}/nginx.pid`)};
error_log stderr warn;
worker_shutdown_timeout ${settings.shutdownMs}ms;

events {
  worker_connections 2048;
}

http {
${temporary}${mimeTypes}  default_type application/octet-stream;
  charset_types text/plain text/css text/javascript text/xml text/csv text/markdown text/vtt;
  server_tokens off;
  # Clients know another host and port than nginx does.
  absolute_redirect off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 650s;
  client_header_timeout ${clientTimeoutMs}ms;
  client_body_timeout ${clientTimeoutMs}ms;
  send_timeout ${clientTimeoutMs}ms;
  large_client_header_buffers 4 32k;

${dollarMap}  map $http_upgrade $tandem_connection {
    default upgrade;
    "" "";
  }
  map $http_host $tandem_authority {
    "" $host;
    default $http_host;
  }
${trust(plan)}${restMaps(plan)}${accessLog(plan)}${compression(plan)}
  proxy_http_version 1.1;
  proxy_connect_timeout 5s;
  proxy_buffer_size 16k;
  proxy_buffers 64 16k;
  # A response is never spilled to disk, which is memory on some platforms.
  proxy_max_temp_file_size 0;
  proxy_redirect off;
  fastcgi_connect_timeout 5s;
  fastcgi_buffer_size 16k;
  fastcgi_buffers 64 16k;
  fastcgi_max_temp_file_size 0;
  grpc_connect_timeout 5s;

${upstreams(plan)}
  server {
${listens(plan, settings)}    server_name localhost;
${addHeaders(plan.headers, '    ')}${away(plan)}${own(plan)}${locations(plan)}${raw}${indented(nginx.server, '    ')}  }
${indented(nginx.http, '  ')}}
`;
}
