/** Messages of Envoy's configuration, and those of its access log. */
import type { FrontPlan } from './model.ts';

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };
export type Message = { readonly [key: string]: Json };
export function any(type: string, value: Message = {}): Message {
  return { '@type': `type.googleapis.com/envoy.${type}`, ...value };
}

function logger(log_format: Message, filter: Message | null): Message {
  return {
    name: 'envoy.access_loggers.stdout',
    typed_config: any('extensions.access_loggers.stream.v3.StdoutAccessLog', { log_format }),
    ...(filter === null ? {} : { filter }),
  };
}

function status(op: 'GE' | 'LE', code: number): Message {
  const value = { default_value: code, runtime_key: `tandem.log.${op}.${code}` };
  return { status_code_filter: { comparison: { op, value } } };
}

export function accessLog({ accessLog: kind }: FrontPlan): Json {
  if (kind === 'off') return [];
  if (kind === 'text') {
    const inline_string =
      '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% "%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%" ' +
      '%RESPONSE_CODE% %BYTES_SENT% %DURATION%ms "%REQ(USER-AGENT)%"\n';
    return [logger({ text_format_source: { inline_string } }, null)];
  }
  const format = (severity: string): Message => ({
    json_format: {
      severity,
      time: '%START_TIME%',
      httpRequest: {
        requestMethod: '%REQ(:METHOD)%',
        requestUrl: '%REQ(X-FORWARDED-PROTO)%://%REQ(:AUTHORITY)%%REQ(:PATH)%',
        status: '%RESPONSE_CODE%',
        responseSize: '%BYTES_SENT%',
        userAgent: '%REQ(USER-AGENT)%',
        remoteIp: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
        referer: '%REQ(REFERER)%',
        protocol: '%PROTOCOL%',
      },
      durationMs: '%DURATION%',
    },
  });
  const client = { and_filter: { filters: [status('GE', 400), status('LE', 499)] } };
  return [
    logger(format('ERROR'), status('GE', 500)),
    logger(format('WARNING'), client),
    logger(format('INFO'), status('LE', 399)),
  ];
}
