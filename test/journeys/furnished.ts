import { ask, type Caller, publish, registerEventType } from '../support/client.ts';
import type { Usual } from './every-input.ts';

/** A tenant with one record of every type. Each id is under the name of its type. */
export type Furnished = Readonly<Record<'App' | 'AppMember' | 'AppInstallation' | 'AppVersion', string>> &
  Readonly<
    Record<'Delivery' | 'Endpoint' | 'Event' | 'EventType' | 'ReplayJob' | 'CancelJob' | 'ApiKey', string>
  >;

/** `caller` is a user with a verified address and every permission. */
export async function furnish(caller: Caller): Promise<Furnished> {
  await registerEventType(caller, { name: 'note.made', example: { text: 'hello' } });
  const make = async (mutation: string, input: Readonly<Record<string, unknown>>, selection: string) => {
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}`;
    const document = `mutation ($input: ${type}Input!) {
      made: ${mutation}(input: $input) { __typename ... on ${type}Payload { ${selection} } }
    }`;
    const { made } = await ask<{ made: Record<string, { id: string; members?: { id: string }[] }> }>(
      caller,
      document,
      { input },
    );
    return made;
  };
  const { endpoint } = await make(
    'createEndpoint',
    { url: 'https://receiver.example/hook', events: ['*'], isActive: false },
    'endpoint { id }',
  );
  const [published] = await publish(caller, [{ type: 'note.made', payload: {} }]);
  const { app } = await make('createApp', { name: 'App', source: 'furnished' }, 'app { id members { id } }');
  const appId = app?.id;
  const { version } = await make(
    'publishAppVersion',
    { appId, version: '1', webhookCategories: ['note'], dataTypes: [] },
    'version { id }',
  );
  const { installation } = await make('installApp', { appId, permissions: [] }, 'installation { id }');
  const { apiKey } = await make(
    'createApiKey',
    { name: 'Key', permissions: ['MANAGE_WEBHOOKS'] },
    'apiKey { id }',
  );
  const { job } = await make('replayDeliveries', { filter: { id: [] } }, 'job { id }');
  const { job: cancellation } = await make('cancelDeliveries', { filter: { id: [] } }, 'job { id }');
  const { deliveries, eventType } = await ask<{
    deliveries: { nodes: { id: string }[] };
    eventType: { id: string };
  }>(caller, '{ deliveries { nodes { id } } eventType(name: "note.made") { id } }');
  return {
    App: idOf(app),
    AppMember: idOf(app?.members?.[0]),
    AppInstallation: idOf(installation),
    AppVersion: idOf(version),
    Delivery: idOf(deliveries.nodes[0]),
    Endpoint: idOf(endpoint),
    Event: idOf(published?.event),
    EventType: idOf(eventType),
    ReplayJob: idOf(job),
    CancelJob: idOf(cancellation),
    ApiKey: idOf(apiKey),
  };
}

function idOf(record: { id: string } | undefined): string {
  if (record === undefined) throw new Error('It was not made.');
  return record.id;
}

let count = 0;
const fresh = (begin: string) => {
  count += 1;
  return `${begin}${count}`;
};

/** The valid values of such a tenant beside the one that is tried. */
export function usualIn(furnished: Furnished): Usual {
  const values: readonly [RegExp, (tried: string) => unknown][] = [
    [/\.url$/, () => 'https://receiver.example/hook'],
    [/(Endpoint|AppWebhook)\.input\.events$/, (tried) => (/update/.test(tried) ? undefined : ['note.made'])],
    [/createEndpoint\.input\.isActive$/, () => false],
    [/setAppWebhook\.input\.isActive$/, () => false],
    [/setAppWebhook\.input\.streams$/, () => ['LIFECYCLE']],
    [/publishEvents\.input\.events\.type$/, () => 'note.made'],
    [/publishEvents\.input\.events\.payload$/, (tried) => (/payloadText$/.test(tried) ? undefined : {})],
    [/registerEventType\.input\.name$/, () => fresh('note.n')],
    [/deprecateEventType\.input\.name$/, () => fresh('note.n')],
    [/eventType\.name$/, () => 'note.made'],
    [/createTenant\.input\.externalId$/, () => fresh('tenant-')],
    [/createApp\.input\.source$/, () => fresh('app-')],
    [/publishAppVersion\.input\.version$/, () => fresh('1.')],
    [/inviteAppMember\.input\.email$/, () => `${fresh('guest')}@example.com`],
    [/\.idempotencyKey$/, () => undefined],
    [/\.appId$/, (tried) => (/^(logHead|logOldest|delivery)/.test(tried) ? undefined : furnished.App)],
    [/\.endpointId$/, (tried) => (/filter/.test(tried) ? undefined : furnished.Endpoint)],
    [/(app|appProfile|updateApp\.input)\.id$/, () => furnished.App],
    [/updateAppMember\.input\.id$/, () => furnished.AppMember],
    [/updateInstallation\.input\.id$/, () => furnished.AppInstallation],
    [/Endpoint(Secret)?\.input\.id$/, () => furnished.Endpoint],
    [/Delivery\.input\.id$/, () => furnished.Delivery],
  ];
  return (path, tried) => values.find(([place]) => place.test(path))?.[1](tried);
}
