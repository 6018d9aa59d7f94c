import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createClient } from 'graphql-ws';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { closeCodes } from '../../src/websocket/close-codes.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const guide = read('src/guides/follow-the-log.md');
const words = { again: 'yes', changed: 'only after a change', no: 'no' };
const codes = Object.values(closeCodes);

test.each(['src/guides/follow-the-log.md'])('%s lists every close code and whether to come back', (path) => {
  const rows = codes.map(
    ({ code, meaning, comesBack }) => `| ${code} | ${meaning} | ${words[comesBack]} |\n`,
  );
  const table = `| code | why | connect again? |\n| --- | --- | --- |\n${rows.join('')}`;
  expect(read(path)).toContain(`\n\n${table}\n`);
});

test('the guide’s loop goes on after every other code than those that are final for its one token', () => {
  const [, list = ''] = /const final = \[([\d, ]+)\]/.exec(guide) ?? [];
  const final = codes.filter(
    ({ code, comesBack }) => (comesBack === 'no' && code !== 1000) || code === closeCodes.forbidden.code,
  );
  expect(list.split(', ').map(Number)).toEqual(final.map(({ code }) => code));
});

/** How often a client of graphql-ws connects to a server that closes with this code. */
async function connectionsOfClient(code: number): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  let connections = 0;
  server.on('connection', (socket) => {
    connections += 1;
    socket.on('message', () => (code === closeCodes.lost.code ? socket.terminate() : socket.close(code)));
  });
  const client = createClient({
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    webSocketImpl: WebSocket,
    retryAttempts: 2,
    retryWait: async () => undefined,
  });
  await expect(client.iterate({ query: 'subscription { x }' }).next()).rejects.toMatchObject({ code });
  server.close();
  return connections;
}

for (const { code, comesBack } of codes.filter((closing) => closing.code !== 1000)) {
  test(`a client of graphql-ws takes ${code} as it is meant: ${words[comesBack]}`, async () => {
    const again = comesBack === 'again' || code === closeCodes.forbidden.code;
    expect(await connectionsOfClient(code)).toBe(again ? 3 : 1);
  });
}
