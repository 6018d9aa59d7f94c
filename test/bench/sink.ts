import { createServer } from 'node:http';

// A receiver in a separate process, so that its CPU time is not the sender's. It answers 204 to everything after the
// given number of milliseconds; `never` answers nothing.
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
