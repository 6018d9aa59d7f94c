import { WebSocketServer } from 'ws';

// What the least would cost, in a process of its own: every text that the parent sends goes to every socket.
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
server.on('listening', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : undefined });
});
process.on('message', (text: string) => {
  const bytes = Buffer.from(text);
  for (const socket of server.clients) socket.send(bytes, { binary: false });
});
process.once('disconnect', () => process.exit(0));
