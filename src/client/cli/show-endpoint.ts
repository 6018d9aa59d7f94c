import { printable } from './session.ts';

export type Endpoint = Readonly<{
  id: string;
  url: string;
  state: { name: string };
  events: string[];
  description: string | null;
  circuit: { state: string };
  pausedAt: string | null;
  headers: { name: string; value: string | null; isSecret: boolean; signsBody: boolean }[];
  filter: { path: string; op: string; value: unknown }[];
  ordering: string;
  signature: string;
  publicKey: string | null;
  headerPrefix: string;
  retrySchedule: number[] | null;
  timeoutMs: number | null;
  stopOn: number[];
  alertEmails: string[];
  sendTraceparent: boolean;
  maxDeliveriesPerSecond: number | null;
}>;

/** What an endpoint is and how it is sent to, a line for each thing that differs from what is usual. */
export function endpointText(endpoint: Endpoint): string {
  const { state, circuit, headers, filter, retrySchedule, stopOn, alertEmails } = endpoint;
  const lines: [name: string, text: string | undefined][] = [
    [
      'endpoint',
      `${endpoint.id}  ${state.name}${circuit.state === 'CLOSED' ? '' : `  circuit ${circuit.state}`}`,
    ],
    ['url', endpoint.url],
    ['events', endpoint.events.join(',')],
    ['note', endpoint.description ?? undefined],
    ['paused', endpoint.pausedAt === null ? undefined : `since ${endpoint.pausedAt}`],
    ...headers.map(({ name, value, signsBody }): [string, string] => [
      'header',
      `${name}: ${value ?? (signsBody ? '(HMAC of the body)' : '(secret)')}`,
    ]),
    ...filter.map(({ path, op, value }): [string, string] => [
      'filter',
      `${path} ${op}${op === 'EXISTS' ? '' : ` ${JSON.stringify(value)}`}`,
    ]),
    ['ordering', endpoint.ordering === 'NONE' ? undefined : endpoint.ordering],
    ['signature', endpoint.signature === 'HMAC_SHA256' ? undefined : endpoint.signature],
    ['public key', endpoint.publicKey ?? undefined],
    ['prefix', endpoint.headerPrefix === 'webhook-' ? undefined : endpoint.headerPrefix],
    ['schedule', retrySchedule === null ? undefined : `${retrySchedule.join(',')} seconds`],
    ['timeout', endpoint.timeoutMs === null ? undefined : `${endpoint.timeoutMs} ms`],
    ['stop on', stopOn.length === 0 ? undefined : stopOn.join(',')],
    ['alerts', alertEmails.length === 0 ? undefined : alertEmails.join(',')],
    ['trace', endpoint.sendTraceparent ? 'handed on in traceparent' : undefined],
    [
      'rate',
      endpoint.maxDeliveriesPerSecond === null ? undefined : `${endpoint.maxDeliveriesPerSecond} a second`,
    ],
  ];
  return lines
    .filter(([, text]) => text !== undefined)
    .map(([name, text]) => `${name.padEnd(10)}  ${printable(text)}`)
    .join('\n');
}
