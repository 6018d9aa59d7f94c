import { createServer } from 'node:http';

// A receiver in a process of its own, so that its time is not the sender's: answers 204 to everything, after as many
// milliseconds as it is told; `never` answers nothing.
const [, , pace = '0'] = process.argv;
const server = createServer((request, response) => {
  request.resume();
  if (pace === 'never') return;
  const answer = () => response.writeHead(204).end();
  request.once('end', pace === '0' ? answer : () => setTimeout(answer, Number(pace)));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : undefined });
});
process.once('disconnect', () => process.exit(0));
