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

/** Whose word counts. */
function trust({ trustedProxies }: FrontPlan): string {
  const real = trustedProxies.map((one) => `  set_real_ip_from ${one};\n`).join('');
  const geo = trustedProxies.map((one) => `    ${one} 1;\n`).join('');
  const client = real === '' ? '' : '  real_ip_header X-Forwarded-For;\n  real_ip_recursive on;\n';
  return `${real}${client}  geo $realip_remote_addr $tandem_trusted {
    default 0;
${geo}  }
`;
}

/**
 * What is known of the client. Each `map` takes nginx a megabyte and two milliseconds of its
 * start, so that these are variables that are set.
 */
function said(): string {
  const words = ['for', 'proto', 'host', 'prefix'].map((name) => `x_forwarded_${name}`);
  const trusted = [...words, ...forwardedOnly];
  return `    # An answer to what is no request has none of them.
    uninitialized_variable_warn off;
    set $tandem_authority $http_host;
    if ($tandem_authority = "") { set $tandem_authority $host; }
    set $tandem_connection "";
    if ($http_upgrade) { set $tandem_connection upgrade; }
    set $tandem_for $realip_remote_addr;
    set $tandem_proto $scheme;
    set $tandem_host $tandem_authority;
    set $tandem_https "";
${trusted.map((name) => `    set $tandem_${name} "";\n`).join('')}    if ($tandem_trusted) {
${trusted.map((name) => `      set $tandem_${name} $http_${name};\n`).join('')}    }
    # What an outer proxy said stays true: it ended TLS, not we.
    if ($tandem_x_forwarded_for) { set $tandem_for "$tandem_x_forwarded_for, $realip_remote_addr"; }
    if ($tandem_x_forwarded_proto) { set $tandem_proto $tandem_x_forwarded_proto; }
    if ($tandem_x_forwarded_host) { set $tandem_host $tandem_x_forwarded_host; }
    if ($tandem_proto = https) { set $tandem_https on; }
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

/** The whole text. */
export function renderNginx(plan: FrontPlan, settings: NginxSettings): string {
  const text = render(plan, settings);
  return text.includes('{tandem_dollar}') ? text.replace('http {\n', `http {\n${dollarMap}`) : text;
}

function render(plan: FrontPlan, settings: NginxSettings): string {
  const { directory } = settings;
  const { nginx, clientTimeoutMs } = plan;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${quote(`${directory}/${kind}`)};\n`)
    .join('');
  const raw = nginx.locations
    .map(([name, lines]) => `    location ${name} {\n${indented(lines, '      ')}    }\n`)
    .join('');
  const places = `${away(plan)}${own(plan)}${locations(plan)}`;
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
${said()}${addHeaders(plan.headers, '    ')}${places}${raw}${indented(nginx.server, '    ')}  }
${indented(nginx.http, '  ')}}
`;
}
