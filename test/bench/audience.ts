import WebSocket from 'ws';

// Subscribers of the benches, in a process of their own: it opens sockets, and counts what comes.
type Order =
  | { do: 'open'; url: string; protocol?: string; sockets: number; first: readonly string[]; until: string }
  | { do: 'count' }
  | { do: 'close' };

const open = new Set<WebSocket>();
let received = 0;
let late: number[] = [];

process.on('message', (order: Order) => {
  if (order.do === 'open') void openAll(order);
  if (order.do === 'count') {
    process.send?.({ received, late });
    received = 0;
    late = [];
  }
  if (order.do === 'close') {
    for (const socket of open) socket.terminate();
    open.clear();
    process.send?.({ closed: true });
  }
});
process.once('disconnect', () => process.exit(0));

/** A few at a time, so that the server's queue of new connections does not overflow. */
async function openAll(order: Extract<Order, { do: 'open' }>): Promise<void> {
  let left = order.sockets;
  const one = async () => {
    while (left > 0) {
      left -= 1;
      await openOne(order);
    }
  };
  await Promise.all(Array.from({ length: 20 }, one));
  process.send?.({ opened: open.size });
}

/** Resolves with the first message that holds `until`; at once where that is empty. */
function openOne({ url, protocol, first, until }: Extract<Order, { do: 'open' }>): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocol === undefined ? [] : [protocol], { perMessageDeflate: false });
    open.add(socket);
    socket.once('error', reject);
    socket.once('close', () => open.delete(socket));
    socket.once('open', () => {
      const [greeting] = first;
      if (greeting === undefined) resolve();
      else socket.send(greeting);
    });
    socket.on('message', (data: Buffer) => {
      const text = data.toString('latin1');
      if (text.includes('connection_ack')) {
        for (const next of first.slice(1)) socket.send(next);
        return resolve();
      }
      if (until === '' || text.includes(until)) received += 1;
      const at = /"occurredAt":"([^"]+)"/.exec(text)?.[1];
      if (at !== undefined && socket === [...open][0]) late.push(Date.now() - Date.parse(at));
    });
  });
}
