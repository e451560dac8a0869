/** The locations of an nginx configuration, one or more for each route. */
import type { FrontPlan, FrontRoute, Header, ProcessRoute } from './model.ts';
import { encodePath, escapePattern, quote, quoteText } from './nginx-words.ts';

type Route<Type extends FrontRoute['type']> = Extract<FrontRoute, { type: Type }>;

/** Addresses of processes, each once; its place is its name. */
export function addressKeys(plan: FrontPlan): readonly string[] {
  const all = plan.routes.flatMap((route) => (route.type === 'process' ? [keyOf(route)] : []));
  return [...new Set(all)];
}

/** `keepalive` would hold a php-fpm worker for each idle connection. */
function keyOf({ address, protocol }: ProcessRoute): string {
  const at = address.type === 'unix' ? `unix:${address.path}` : `${address.host}:${address.port}`;
  return `${protocol === 'fastcgi' ? 'once' : 'kept'} ${at}`;
}

export function upstreams(plan: FrontPlan): string {
  return addressKeys(plan)
    .map((key, i) => {
      const kept = key.startsWith('kept ');
      // Apps close idle connections after 2 to 5 s; one that is used again just then would be lost.
      const keep = kept ? '    keepalive 32;\n    keepalive_timeout 1s;\n' : '';
      return `  upstream tandem_${i} {\n    server ${quote(key.slice(5))} max_fails=0;\n${keep}  }\n`;
    })
    .join('');
}

/** Headers by name, whatever their case; the first of a name wins. */
function merged(...lists: readonly (readonly Header[])[]): readonly Header[] {
  const found = new Map<string, Header>();
  for (const header of lists.flat())
    if (!found.has(header[0].toLowerCase())) found.set(header[0].toLowerCase(), header);
  return [...found.values()];
}

/** nginx inherits `add_header` only where a place has none of its own: each place has them all. */
export function addHeaders(headers: readonly Header[], indent: string): string {
  return headers
    .map(([name, value]) => `${indent}add_header ${quote(name)} ${quoteText(value)} always;\n`)
    .join('');
}

function answerHeaders(plan: FrontPlan, route: FrontRoute, own: readonly Header[] = []): string {
  if (route.headers.length + own.length === 0) return '';
  return addHeaders(merged(own, route.headers, plan.headers), '      ');
}

/** Forwarding words that only a trusted proxy may say. */
export const forwardedOnly = [
  'forwarded',
  'x_forwarded_port',
  'x_forwarded_server',
  'x_forwarded_ssl',
];

const dashed = (name: string): string =>
  name.replace(/(^|_)(\w)/g, (_all, gap, char) => `${gap === '' ? '' : '-'}${char.toUpperCase()}`);

/** What every process is asked with; values are nginx's own words. */
function ownHeaders(route: ProcessRoute & { readonly path: string }): readonly Header[] {
  const prefix = route.stripPrefix
    ? quoteText(encodePath(route.path.slice(0, -1)))
    : '$tandem_x_forwarded_prefix';
  const upgrade: readonly Header[] =
    route.protocol !== 'http'
      ? []
      : route.websocket
        ? [
            ['Upgrade', '$http_upgrade'],
            ['Connection', '$tandem_connection'],
          ]
        : [
            ['Upgrade', '""'],
            ['Connection', '""'],
          ];
  return [
    ['Host', '$tandem_authority'],
    ['X-Real-IP', '$remote_addr'],
    ['X-Forwarded-For', '$tandem_for'],
    ['X-Forwarded-Proto', '$tandem_proto'],
    ['X-Forwarded-Host', '$tandem_host'],
    ['X-Forwarded-Prefix', prefix],
    ...forwardedOnly.map((name): Header => [dashed(name), `$tandem_${name}`]),
    ...upgrade,
    // Of one connection, and not of the next.
    ['Proxy-Connection', '""'],
    ['Trailer', '""'],
    // A CGI would take it for the variable HTTP_PROXY.
    ['Proxy', '""'],
  ];
}

function requestHeaders(route: ProcessRoute & { readonly path: string }, module: string): string {
  const own = route.requestHeaders.map(([name, value]): Header => [name, quoteText(value)]);
  return merged(own, ownHeaders(route))
    .map(([name, value]) => `      ${module}_set_header ${quote(name)} ${value};\n`)
    .join('');
}

const ms = (timeMs: number): string => `${Math.max(1, Math.round(timeMs))}ms`;

/** What is the same for the modules proxy, grpc and fastcgi. */
function passing(plan: FrontPlan, route: ProcessRoute & FrontRoute, module: string): string {
  const { timeoutMs, maxBodyBytes, buffering } = route;
  const hidden = merged(route.headers, plan.headers)
    .filter(([name]) => name.toLowerCase() !== 'set-cookie')
    .map(([name]) => `      ${module}_hide_header ${quote(name)};\n`);
  const lines = [
    ...(module === 'grpc' ? [] : [`${module}_buffering ${buffering ? 'on' : 'off'};`]),
    ...(module === 'proxy' ? [`proxy_request_buffering ${buffering ? 'on' : 'off'};`] : []),
    `${module}_read_timeout ${ms(timeoutMs)};`,
    `${module}_send_timeout ${ms(timeoutMs)};`,
    `client_max_body_size ${maxBodyBytes ?? 0};`,
  ];
  return `${lines.map((line) => `      ${line}\n`).join('')}${hidden.join('')}${answerHeaders(plan, route)}`;
}

function fastcgi(plan: FrontPlan, route: ProcessRoute & FrontRoute, upstream: string): string {
  const { root = '', script = '' } = route.fastcgi ?? {};
  const params: readonly Header[] = [
    ['SCRIPT_FILENAME', quoteText(`${root}/${script}`)],
    ['SCRIPT_NAME', quoteText(`/${script}`)],
    ['DOCUMENT_URI', quoteText(`/${script}`)],
    ['DOCUMENT_ROOT', quoteText(root)],
    ['QUERY_STRING', '$query_string'],
    ['REQUEST_METHOD', '$request_method'],
    ['CONTENT_TYPE', '$content_type'],
    ['CONTENT_LENGTH', '$content_length'],
    ['REQUEST_URI', '$request_uri'],
    ['REQUEST_SCHEME', '$tandem_proto'],
    ['HTTPS', '$tandem_https if_not_empty'],
    ['SERVER_PROTOCOL', '$server_protocol'],
    ['GATEWAY_INTERFACE', 'CGI/1.1'],
    ['SERVER_SOFTWARE', 'nginx'],
    ['REMOTE_ADDR', '$remote_addr'],
    ['REMOTE_PORT', '$remote_port'],
    ['SERVER_ADDR', '$server_addr'],
    ['SERVER_PORT', '$server_port'],
    ['SERVER_NAME', '$host'],
    // PHP answers nothing else where it was built with --enable-force-cgi-redirect.
    ['REDIRECT_STATUS', '200'],
    ...merged(
      route.requestHeaders.map(([name, value]): Header => [name, quoteText(value)]),
      ownHeaders(route),
    )
      .filter(([name]) => !/^(trailer|proxy-connection)$/i.test(name))
      .map(([name, value]): Header => [`HTTP_${name.toUpperCase().replaceAll('-', '_')}`, value]),
  ];
  const lines = params.map(([name, value]) => `      fastcgi_param ${quote(name)} ${value};\n`);
  return `      fastcgi_pass ${upstream};\n${lines.join('')}${passing(plan, route, 'fastcgi')}`;
}

function processBody(plan: FrontPlan, route: ProcessRoute & FrontRoute, index: number): string {
  const upstream = `tandem_${addressKeys(plan).indexOf(keyOf(route))}`;
  if (route.protocol === 'fastcgi') return fastcgi(plan, route, upstream);
  if (route.protocol === 'grpc')
    return `      grpc_pass grpc://${upstream};
      error_page 502 = @tandem_grpc_away;
      error_page 504 = @tandem_grpc_late;
      # A stream may be silent for as long as the process may.
      client_body_timeout ${ms(route.timeoutMs)};
${requestHeaders(route, 'grpc')}${passing(plan, route, 'grpc')}`;
  const rest = `$tandem_rest_${index}`;
  const strip = route.stripPrefix ? `      if (${rest} = "") { return 400; }\n` : '';
  const to = `http://${upstream}${route.stripPrefix ? rest : ''}`;
  return `${strip}      proxy_pass ${to};\n${requestHeaders(route, 'proxy')}${passing(plan, route, 'proxy')}`;
}

/** What follows the prefix, as it was sent; the path itself would be decoded. */
export function restMaps(plan: FrontPlan): string {
  return plan.routes
    .map((route, i) => {
      if (route.type !== 'process' || !route.stripPrefix) return '';
      const prefix = escapePattern(encodePath(route.path.slice(0, -1)));
      const pattern = quote(`~^${prefix}(?<tandem_raw_${i}>/.*)$`);
      return `  map $request_uri $tandem_rest_${i} {\n    ${pattern} $tandem_raw_${i};\n    default "";\n  }\n`;
    })
    .join('');
}

function directoryBody(plan: FrontPlan, route: Route<'directory'>, index: number): string {
  const dir = route.directory.endsWith('/') ? route.directory : `${route.directory}/`;
  const cache: readonly Header[] =
    route.cache === null ? [] : [['Cache-Control', route.cache] as const];
  // Without `always`: a 404 must not be kept for a year.
  const kept = cache.map(([name, value]) => `      add_header ${name} ${quoteText(value)};\n`);
  const others = route.headers.filter(([name]) => name.toLowerCase() !== 'cache-control');
  const shared = plan.headers.filter(([name]) => name.toLowerCase() !== 'cache-control');
  const headers =
    cache.length > 0 ? addHeaders(merged(others, shared), '      ') : answerHeaders(plan, route);
  const dots = quote(`^${escapePattern(route.path)}(.*/)?\\.`);
  const lines = [
    `alias ${quoteText(dir)};`,
    `index ${route.index.map(quoteText).join(' ')};`,
    'charset utf-8;',
    ...(route.symlinks ? [] : [`disable_symlinks on ${quoteText(`from=${dir}`)};`]),
    ...(route.precompressed ? ['gzip_static on;', 'gzip_vary on;'] : []),
    ...(route.spa ? [`error_page 403 404 = @tandem_else_${index};`] : []),
    ...(route.notFound === null ? [] : [`error_page 404 @tandem_else_${index};`]),
    // Nested, so that dot files are refused here and an app may still have its own.
    ...(route.dotfiles ? [] : [`location ~ ${dots} { return 404; }`]),
  ];
  return `${lines.map((line) => `      ${line}\n`).join('')}${kept.join('')}${headers}`;
}

/** What is sent where a directory has nothing. */
function elseLocation(plan: FrontPlan, route: FrontRoute, index: number): string {
  if (route.type !== 'directory' || (!route.spa && route.notFound === null)) return '';
  const file = route.spa ? (route.index[0] ?? '') : (route.notFound ?? '');
  const fresh: readonly Header[] =
    route.spa && route.cache !== null ? [['Cache-Control', 'no-cache'] as const] : [];
  return `    location @tandem_else_${index} {
      root ${quoteText(route.directory)};
      charset utf-8;
      try_files ${quoteText(`/${file}`)} =404;
${answerHeaders(plan, route, fresh)}    }
`;
}

function body(plan: FrontPlan, route: FrontRoute, index: number): string {
  switch (route.type) {
    case 'directory':
      return directoryBody(plan, route, index);
    case 'process':
      return processBody(plan, route, index);
    case 'redirect':
      return `      return ${route.status} ${quoteText(route.to)};\n${answerHeaders(plan, route)}`;
    case 'answer':
      return `      default_type ${quoteText(route.contentType)};
      return ${route.status} ${quoteText(route.body)};
${answerHeaders(plan, route)}`;
  }
}

/** \`/static\` without its slash goes to \`/static/\`, as a directory does in a file system. */
function slashless(plan: FrontPlan, route: FrontRoute): string {
  const bare = route.path.slice(0, -1);
  if (bare === '' || bare === plan.readyPath || bare === plan.livePath) return '';
  const to = quote(
    `${encodePath(route.path).replace(/\$/g, '${tandem_dollar}')}\${is_args}\${args}`,
  );
  return `    location = ${quote(bare)} { return 301 ${to}; }\n`;
}

export function locations(plan: FrontPlan): string {
  const all = plan.routes.map((route, i) => {
    const block = `    location ^~ ${quote(route.path)} {\n${body(plan, route, i)}    }\n`;
    return `${slashless(plan, route)}${block}${elseLocation(plan, route, i)}`;
  });
  const top = plan.routes.some((route) => route.path === '/');
  return `${all.join('')}${top ? '' : '    location / { return 404; }\n'}`;
}
