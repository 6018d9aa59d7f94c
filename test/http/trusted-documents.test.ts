import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createDocumentGate,
  idOfText,
  readTrustedDocuments,
} from '../../src/transports/trusted-documents.ts';
import { connectAs, subscribeTo } from './socket.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const hello = '{ hello }';
const count = 'subscription ($to: Int) { ticks(to: $to) }';
const rename = 'mutation { renameThing(input: { id: "x", name: "y" }) { __typename } }';
const texts = [hello, count, rename];
const trustedDocuments = new Map(texts.map((text) => [idOfText(text), text]));
const unknownId = idOfText('{ unknown }');
const apollo = (sha256Hash: unknown) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } });

let strict: TestServer;
let open: TestServer;
beforeAll(async () => {
  strict = await startTestServer({ trustedDocuments, environment: { TRUSTED_DOCUMENTS_ONLY: 'true' } });
  open = await startTestServer({ trustedDocuments });
});
afterAll(async () => {
  await strict.stop();
  await open.stop();
});

type Asked = Record<string, unknown>;

async function post(server: TestServer, body: object, accept = 'application/json') {
  const response = await fetch(server.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer full', accept },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

/** Status and code over HTTP, or the data if it was executed. */
async function http(server: TestServer, body: Asked) {
  const { status, text } = await post(server, body);
  const { data, errors } = JSON.parse(text);
  return errors === undefined ? data : [status, errors[0].extensions.code];
}

/** The data of every message, or the code of the refusal, over WebSocket. */
async function webSocket(server: TestServer, body: Asked) {
  const socket = await connectAs('full', server.wsUrl);
  socket.say({ id: '1', type: 'subscribe', payload: { query: '', ...body } });
  const { type, payload } = await socket.hear((heard) => heard.type === 'error' || heard.type === 'complete');
  socket.socket.close();
  if (type === 'error') return Object(payload)[0].extensions.code;
  return socket.heard.filter((heard) => heard.type === 'next').map((heard) => Object(heard.payload).data);
}

describe('with TRUSTED_DOCUMENTS_ONLY', () => {
  const data = { hello: 'hello full' };
  const [helloId, countId, renameId] = texts.map(idOfText);

  test('a document of the manifest is executed, by any way of naming it', async () => {
    for (const body of [
      { documentId: helloId },
      { documentId: `sha256:${helloId}` },
      { documentId: helloId, query: hello },
      { query: hello },
      apollo(helloId),
      { ...apollo(helloId), query: hello },
    ]) {
      expect([body, await http(strict, body)]).toEqual([body, data]);
      expect([body, await webSocket(strict, body)]).toEqual([body, [data]]);
    }
    expect(await http(strict, { documentId: renameId })).toEqual({
      renameThing: { __typename: 'NotFoundError' },
    });
  });

  test('a subscription runs by its id over server-sent events and WebSocket, with its variables', async () => {
    const body = { documentId: countId, variables: { to: 2 } };
    const stream = await post(strict, body, 'text/event-stream');
    expect(stream.text).toContain('{"data":{"ticks":1}}');
    expect(stream.text).toContain('{"data":{"ticks":2}}');
    expect(await webSocket(strict, body)).toEqual([{ ticks: 1 }, { ticks: 2 }]);
  });

  test('anything else is refused before it is parsed, on every transport', async () => {
    const before = strict.seen.resolved;
    for (const body of [
      { query: '{hello}' },
      { query: `${hello} ` },
      { query: 'not even GraphQL {' },
      { query: `{ ${'hello '.repeat(100_000)} }` },
      { query: '{ __schema { types { name } } }' },
      { documentId: unknownId },
      { documentId: unknownId, query: '{ unknown }' },
      apollo(unknownId),
      { documentId: 'constructor' },
    ]) {
      expect(await http(strict, body)).toEqual([403, 'DOCUMENT_NOT_TRUSTED']);
      expect(await webSocket(strict, body)).toBe('DOCUMENT_NOT_TRUSTED');
      const stream = await post(strict, body, 'text/event-stream');
      expect([stream.status, stream.text]).toEqual([403, expect.stringContaining('DOCUMENT_NOT_TRUSTED')]);
    }
    expect(strict.seen.resolved).toBe(before);
  });

  test('the id of one document with the text of another is a mistake', async () => {
    const body = { documentId: helloId, query: rename };
    expect(await http(strict, body)).toEqual([400, 'BAD_USER_INPUT']);
    expect(await webSocket(strict, body)).toBe('BAD_USER_INPUT');
  });

  test('a refusal over WebSocket leaves the socket and its other operations as they are', async () => {
    const socket = await connectAs('full', strict.wsUrl);
    socket.say(subscribeTo('bad', '{ unknown }'));
    await socket.hear(({ id, type }) => id === 'bad' && type === 'error');
    socket.say(subscribeTo('good', hello));
    expect((await socket.hear(({ id, type }) => id === 'good' && type === 'next')).payload).toEqual({ data });
    socket.socket.close();
  });

  test('by GET a query may be named by its id, and a mutation no more than by its text', async () => {
    const get = async (search: Record<string, string>) => {
      const url = `${strict.graphqlUrl}?${new URLSearchParams(search)}`;
      const response = await fetch(url, { headers: { authorization: 'Bearer full' } });
      return [response.status, JSON.parse(await response.text()).data];
    };
    expect(await get({ documentId: helloId ?? '' })).toEqual([200, data]);
    expect(await get({ extensions: JSON.stringify(apollo(helloId).extensions) })).toEqual([200, data]);
    expect((await get({ documentId: unknownId }))[0]).toBe(403);
    expect((await get({ query: '{hello}' }))[0]).toBe(403);
    expect((await get({ documentId: renameId ?? '' }))[0]).toBe(405);
  });

  test('what names no document at all is malformed, as ever', async () => {
    for (const body of [{}, { documentId: 7 }, { documentId: [helloId] }, { query: 7 }, apollo({})]) {
      expect([body, await http(strict, body)]).toEqual([body, [400, 'BAD_USER_INPUT']]);
    }
    expect((await post(strict, [{ documentId: helloId }])).status).toBe(400);
  });
});

describe('without it', () => {
  test('a known id is a shorter way to say a text; any text is executed', async () => {
    for (const body of [{ documentId: idOfText(hello) }, { query: '{hello}' }, apollo(idOfText(hello))]) {
      expect(await http(open, body)).toEqual({ hello: 'hello full' });
      expect(await webSocket(open, body)).toEqual([{ hello: 'hello full' }]);
    }
  });

  test('the error about an unknown id makes the client send the text beside it', async () => {
    for (const body of [{ documentId: unknownId }, apollo(unknownId)]) {
      expect(await http(open, body)).toEqual([200, 'PERSISTED_QUERY_NOT_FOUND']);
      expect(await webSocket(open, body)).toBe('PERSISTED_QUERY_NOT_FOUND');
    }
  });

  test('a text that came with its id is known by the id from then on, on every transport', async () => {
    const text = '{ sent: hello }';
    const body = apollo(idOfText(text));
    expect(await http(open, body)).toEqual([200, 'PERSISTED_QUERY_NOT_FOUND']);
    expect(await http(open, { ...body, query: text })).toEqual({ sent: 'hello full' });
    expect(await http(open, body)).toEqual({ sent: 'hello full' });
    expect(await webSocket(open, body)).toEqual([{ sent: 'hello full' }]);
  });

  test('a text is not kept under an id that is not its own, nor one that is not valid', async () => {
    expect(await http(open, { ...apollo(unknownId), query: '{hello}' })).toEqual([400, 'BAD_USER_INPUT']);
    const broken = '{ nothing }';
    await http(open, { ...apollo(idOfText(broken)), query: broken });
    expect(await http(open, apollo(idOfText(broken)))).toEqual([200, 'PERSISTED_QUERY_NOT_FOUND']);
  });
});

test('who sends many documents pushes out its own alone', () => {
  const gate = createDocumentGate({ documents: new Map(), only: false });
  const keep = (query: string, holder: string) => {
    const asked = { query, documentId: idOfText(query) };
    gate.textOf(asked);
    gate.remember(asked, holder);
  };
  const find = (query: string) => () => gate.textOf({ documentId: idOfText(query) });
  keep('{ quiet }', 'quiet');
  for (let index = 0; index < 2_500; index += 1) keep(`{ loud${index} }`, 'loud');
  for (const name of ['a', 'b', 'c']) keep(`{ ${name} ${' '.repeat(1_500_000)}}`, 'large');
  expect(find('{ quiet }')()).toBe('{ quiet }');
  expect(find('{ loud2499 }')()).toBe('{ loud2499 }');
  expect(find('{ loud1 }')).toThrow('PersistedQueryNotFound');
});

describe('the manifests of a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-documents-'));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const read = () => readTrustedDocuments(pathToFileURL(`${folder}/`));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('are read together, whether or not ids have the prefix of their algorithm', () => {
    write('trusted-documents.json', JSON.stringify({ [idOfText(hello)]: hello }));
    write('trusted-documents.web.json', JSON.stringify({ [`sha256:${idOfText(rename)}`]: rename }));
    write('capabilities.json', '[]');
    expect([...read().values()]).toEqual([hello, rename]);
  });

  test('stop the start where they are not what they should be, each named', () => {
    for (const wrong of ['', '[]', '{"a":1}', JSON.stringify({ [idOfText(hello)]: rename })]) {
      write('trusted-documents.web.json', wrong);
      expect(read).toThrow('schema/trusted-documents.web.json');
    }
  });
});
