const finalText = 0x81;
const length16 = 126;
const length64 = 127;
const closingBrace = 0x7d;

/**
 * One unmasked WebSocket frame (RFC 6455, section 5.2) with a `next` message: `beginning`, then `json`, then a closing
 * brace. It is one piece of memory, so it is sent with one write, and the JSON is encoded once for all who get it.
 */
export function nextFrame(beginning: Uint8Array, json: Uint8Array): Buffer {
  const length = beginning.length + json.length + 1;
  const headerLength = length < length16 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerLength + length);
  frame[0] = finalText;
  if (headerLength === 2) frame[1] = length;
  else if (headerLength === 4) {
    frame[1] = length16;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = length64;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.set(beginning, headerLength);
  frame.set(json, headerLength + beginning.length);
  frame[frame.length - 1] = closingBrace;
  return frame;
}
