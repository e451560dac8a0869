/** A front as Envoy's static configuration: a v3 Bootstrap, plain data for JSON. */
import { accessLog, any, type Json, type Message } from './envoy-words.ts';
import type { FrontPlan, FrontRoute, Header, ProcessRoute } from './model.ts';
import { encodePath } from './nginx-words.ts';

type Process = FrontRoute & ProcessRoute;

const seconds = (timeMs: number): string => `${timeMs / 1000}s`;

/** Envoy puts its own words between two of these. */
const literal = (text: string): string => text.replaceAll('%', '%%');

/** Headers by name, whatever their case; the first of a name wins. */
function merged(...lists: readonly (readonly Header[])[]): readonly Header[] {
  const found = new Map<string, Header>();
  for (const header of lists.flat())
    if (!found.has(header[0].toLowerCase())) found.set(header[0].toLowerCase(), header);
  return [...found.values()];
}

function added(headers: readonly Header[]): Json {
  return headers.map(([key, value]) => ({
    header: { key, value },
    append_action:
      key.toLowerCase() === 'set-cookie' ? 'APPEND_IF_EXISTS_OR_ADD' : 'OVERWRITE_IF_EXISTS_OR_ADD',
    keep_empty_value: true,
  }));
}

function answered(plan: FrontPlan, own: readonly Header[]): Message {
  const all = merged(own, plan.headers);
  return { response_headers_to_add: added(all.map(([name, value]) => [name, literal(value)])) };
}

function answer(status: number, text: string): Message {
  return text === '' ? { status } : { status, body: { inline_string: text } };
}

const isHttp2 = ({ protocol }: ProcessRoute): boolean => protocol !== 'http';

function clusterKey(route: ProcessRoute): string {
  const { address } = route;
  const to = address.type === 'unix' ? `unix:${address.path}` : `${address.host}:${address.port}`;
  return `${isHttp2(route) ? 'http2' : 'http1'} ${to}`;
}

const processes = (plan: FrontPlan): readonly Process[] =>
  plan.routes.flatMap((route) => (route.type === 'process' ? [route] : []));

const clusterKeys = (plan: FrontPlan): readonly string[] => [
  ...new Set(processes(plan).map(clusterKey)),
];

function socket(address: string, port: number): Message {
  return { socket_address: { address, port_value: port } };
}

function cluster(route: ProcessRoute, name: string): Message {
  const { address } = route;
  const to =
    address.type === 'unix' ? { pipe: { path: address.path } } : socket(address.host, address.port);
  const explicit = isHttp2(route) ? { http2_protocol_options: {} } : { http_protocol_options: {} };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: to } }] }],
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': any(
        'extensions.upstreams.http.v3.HttpProtocolOptions',
        {
          // Apps close idle connections after 2 to 5 s; one that is used again just then would be lost.
          common_http_protocol_options: { idle_timeout: '1s' },
          explicit_http_config: explicit,
        },
      ),
    },
  };
}

/** Each is asked for once, by the first route that needs it. */
function clusters(plan: FrontPlan): Json {
  const all = processes(plan);
  return clusterKeys(plan).flatMap((key, i) => {
    const route = all.find((one) => clusterKey(one) === key);
    return route === undefined ? [] : [cluster(route, `tandem_${i}`)];
  });
}

/** Forwarding words that only a trusted proxy may say. */
const forwarded = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-prefix',
  'x-forwarded-port',
  'x-forwarded-server',
  'x-forwarded-ssl',
];

function requestHeaders(route: Process): Message {
  const prefix: readonly Header[] = route.stripPrefix
    ? [['X-Forwarded-Prefix', literal(encodePath(route.path.slice(0, -1)))]]
    : [];
  const own = route.requestHeaders
    .filter(([name]) => name.toLowerCase() !== 'host')
    .map(([name, value]): Header => [name, literal(value)]);
  const all = merged(own, [
    ['X-Real-IP', '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%'],
    ['X-Forwarded-Host', '%REQ(X-FORWARDED-HOST?:AUTHORITY)%'],
    ...prefix,
  ]);
  const set = new Set(own.map(([name]) => name.toLowerCase()));
  // A CGI would take `Proxy` for the variable HTTP_PROXY; the others are of one connection.
  const removed = ['proxy', 'proxy-connection', 'trailer'].filter((name) => !set.has(name));
  return { request_headers_to_add: added(all), request_headers_to_remove: removed };
}

function corsPolicy(origins: readonly string[]): Message {
  return any('extensions.filters.http.cors.v3.CorsPolicy', {
    allow_origin_string_match: origins.map((one) =>
      one === '*' ? { safe_regex: { regex: '.*' } } : { exact: one },
    ),
    allow_methods: 'POST, OPTIONS',
    allow_headers:
      'content-type, x-grpc-web, x-user-agent, grpc-timeout, authorization, grpc-accept-encoding',
    expose_headers: 'grpc-status, grpc-message, grpc-status-details-bin',
    max_age: '86400',
  });
}

function perFilter(plan: FrontPlan, route: Process): Message {
  if (!usesGrpcWeb(plan)) return {};
  // The filter translates whatever calls itself gRPC-Web, on every route where it isn't off.
  const off = any('config.route.v3.FilterConfig', { disabled: true });
  const grpcWeb = route.protocol === 'grpc-web' ? {} : { 'envoy.filters.http.grpc_web': off };
  const cors = route.cors.length > 0 ? { 'envoy.filters.http.cors': corsPolicy(route.cors) } : {};
  return { typed_per_filter_config: { ...grpcWeb, ...cors } };
}

function processRoutes(plan: FrontPlan, route: Process): readonly Message[] {
  const prefix = encodePath(route.path);
  const host = route.requestHeaders.find(([name]) => name.toLowerCase() === 'host');
  const common = answered(plan, route.headers);
  const { maxBodyBytes } = route;
  const start = `${(maxBodyBytes ?? 0) + 1}`;
  const tooLong = { name: 'content-length', range_match: { start, end: '9223372036854775807' } };
  const limit =
    maxBodyBytes === null
      ? []
      : [
          {
            match: { prefix, headers: [tooLong] },
            direct_response: answer(413, '413 the body is too large\n'),
            ...common,
          },
        ];
  const to: Message = {
    match: { prefix },
    route: {
      cluster: `tandem_${clusterKeys(plan).indexOf(clusterKey(route))}`,
      // It may take any time while bytes move; silence is what ends it.
      timeout: '0s',
      idle_timeout: seconds(route.timeoutMs),
      ...(route.stripPrefix ? { prefix_rewrite: '/' } : {}),
      ...(host === undefined ? {} : { host_rewrite_literal: host[1] }),
      upgrade_configs: [
        { upgrade_type: 'websocket', enabled: route.websocket && route.protocol === 'http' },
      ],
    },
    ...requestHeaders(route),
    ...perFilter(plan, route),
    ...common,
  };
  return [...limit, to];
}

function routeOf(plan: FrontPlan, route: FrontRoute): readonly Message[] {
  const match = { prefix: encodePath(route.path) };
  switch (route.type) {
    case 'process':
      return processRoutes(plan, route);
    case 'redirect': {
      // Envoy's own redirect makes a whole address of it; this one goes out as it is.
      const headers: readonly Header[] = [['Location', route.to], ...route.headers];
      return [{ match, direct_response: answer(route.status, ''), ...answered(plan, headers) }];
    }
    case 'answer': {
      const headers: readonly Header[] = [...route.headers, ['Content-Type', route.contentType]];
      const direct_response = answer(route.status, route.body);
      return [{ match, direct_response, ...answered(plan, headers) }];
    }
    case 'directory':
      // Refused before anything is made of it.
      return [];
  }
}

/** Envoy keeps the query unless it is told to strip it. */
function slashless(plan: FrontPlan, { path }: FrontRoute): readonly Message[] {
  const bare = path.slice(0, -1);
  if (bare === '' || bare === plan.readyPath || bare === plan.livePath) return [];
  return [
    {
      match: { path: encodePath(bare) },
      redirect: { path_redirect: encodePath(path), response_code: 'MOVED_PERMANENTLY' },
      ...answered(plan, []),
    },
  ];
}

function routes(plan: FrontPlan): Json {
  const longest = [...plan.routes].sort((a, b) => b.path.length - a.path.length);
  const fresh: Header = ['Cache-Control', 'no-store'];
  const live: readonly Message[] =
    plan.livePath === null
      ? []
      : [
          {
            match: { path: plan.livePath },
            direct_response: answer(200, 'ok\n'),
            ...answered(plan, [fresh]),
          },
        ];
  const none = {
    match: { prefix: '/' },
    direct_response: answer(404, '404 nothing is here\n'),
    ...answered(plan, []),
  };
  return [
    ...live,
    ...longest.flatMap((route) => slashless(plan, route)),
    ...longest.flatMap((route) => routeOf(plan, route)),
    ...(plan.routes.some(({ path }) => path === '/') ? [] : [none]),
  ];
}

const usesGrpcWeb = (plan: FrontPlan): boolean =>
  processes(plan).some(({ protocol }) => protocol === 'grpc-web');

const compressed = [
  'text/plain',
  'text/css',
  'text/html',
  'text/javascript',
  'text/xml',
  'text/csv',
  'application/json',
  'application/javascript',
  'application/manifest+json',
  'application/xml',
  'application/xhtml+xml',
  'application/wasm',
  'image/svg+xml',
];

function filters(plan: FrontPlan): Json {
  const filter = (name: string, type: string, value: Message = {}): Message => ({
    name: `envoy.filters.http.${name}`,
    typed_config: any(`extensions.filters.http.${name}.v3.${type}`, value),
  });
  const { readyPath } = plan;
  const regex = `${(readyPath ?? '').replaceAll('.', '\\.')}(\\?.*)?`;
  const ready = filter('health_check', 'HealthCheck', {
    pass_through_mode: false,
    headers: [{ name: ':path', string_match: { safe_regex: { regex } } }],
  });
  const gzip = {
    name: 'gzip',
    typed_config: any('extensions.compression.gzip.compressor.v3.Gzip'),
  };
  const compressor = filter('compressor', 'Compressor', {
    response_direction_config: {
      common_config: { min_content_length: 1024, content_type: compressed },
    },
    compressor_library: gzip,
  });
  return [
    ...(readyPath === null ? [] : [ready]),
    ...(plan.compress ? [compressor] : []),
    ...(usesGrpcWeb(plan) ? [filter('cors', 'Cors'), filter('grpc_web', 'GrpcWeb')] : []),
    filter('router', 'Router', { suppress_envoy_headers: true }),
  ];
}

const codecs = { off: 'HTTP1', on: 'AUTO', only: 'HTTP2' } as const;

/** What a client says of itself counts where it is trusted, and is dropped elsewhere before all else. */
function manager(plan: FrontPlan, trusted: boolean): Message {
  const early = {
    name: 'envoy.http.early_header_mutation.header_mutation',
    typed_config: any('extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation', {
      mutations: forwarded.map((remove) => ({ remove })),
    }),
  };
  const bodies = plan.routes.map((route) => (route.type === 'answer' ? route.body.length : 0));
  const away = {
    filter: { response_flag_filter: { flags: ['UH', 'UF', 'UC', 'LR'] } },
    status_code: 503,
    body: { inline_string: '503 the process behind this is not there\n' },
    headers_to_add: added([['Retry-After', '1']]),
  };
  const typed_config = any(
    'extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    {
      stat_prefix: 'front',
      codec_type: codecs[plan.http2],
      route_config: {
        name: 'front',
        // In UTF-8 a character has four bytes at most.
        max_direct_response_body_size_bytes: Math.max(4096, 4 * Math.max(0, ...bodies)),
        virtual_hosts: [{ name: 'front', domains: ['*'], routes: routes(plan) }],
      },
      http_filters: filters(plan),
      access_log: accessLog(plan),
      local_reply_config: { mappers: [away] },
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      use_remote_address: true,
      ...(trusted ? { xff_num_trusted_hops: 1 } : { early_header_mutation_extensions: [early] }),
      // Nobody is internal: `x-envoy-…` of a client would steer Envoy.
      internal_address_config: {},
      server_header_transformation: 'PASS_THROUGH',
      generate_request_id: false,
      normalize_path: true,
      merge_slashes: true,
      // `/a%2Fb` is one segment for an app and two for a route: no answer to it is right for both.
      path_with_escaped_slashes_action: 'REJECT_REQUEST',
      max_request_headers_kb: 128,
      common_http_protocol_options: {
        idle_timeout: '650s',
        headers_with_underscores_action: 'DROP_HEADER',
      },
      request_headers_timeout: seconds(plan.clientTimeoutMs),
      stream_idle_timeout: seconds(plan.clientTimeoutMs),
      request_timeout: '0s',
      drain_timeout: '1s',
    },
  );
  return {
    filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config }],
  };
}

function range(network: string): Message {
  const [address_prefix = '', length] = network.split('/');
  const whole = address_prefix.includes(':') ? 128 : 32;
  return { address_prefix, prefix_len: length === undefined ? whole : Number(length) };
}

function listener(plan: FrontPlan, name: string, address: Message): Message {
  const source_prefix_ranges = plan.trustedProxies.map(range);
  const trusted =
    source_prefix_ranges.length === 0
      ? []
      : [{ name: 'trusted', filter_chain_match: { source_prefix_ranges }, ...manager(plan, true) }];
  return {
    name,
    address,
    filter_chains: trusted,
    default_filter_chain: { name: 'others', ...manager(plan, false) },
  };
}

/** The whole of it; `adminPort` is on the loopback interface. */
export function envoyConfig(plan: FrontPlan, adminPort: number): Message {
  return {
    admin: { address: socket('127.0.0.1', adminPort) },
    static_resources: {
      listeners: [
        listener(plan, 'front', socket('0.0.0.0', plan.port)),
        // A socket for each family: one for both would call IPv4 clients ::ffff:192.0.2.1.
        ...(plan.ipv6 ? [listener(plan, 'front6', socket('::', plan.port))] : []),
      ],
      clusters: clusters(plan),
    },
  };
}
