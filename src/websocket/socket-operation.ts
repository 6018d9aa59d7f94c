import type { Actor } from '../access/actor.ts';
import type { Progress } from '../graph/context.ts';
import type { JsonSender } from '../transports/request-context.ts';
import { nextFrame } from './text-frame.ts';

type FrameSink = Readonly<{
  canSendFrame: boolean;
  sendFrame(frame: Buffer): true;
  tellPosition(id: string, position: number): void;
}>;

/** The frame that was made last. Subscribers who name their operation alike get the same bytes. */
let last: Readonly<{ id: string; json: Uint8Array; frame: Buffer }> | undefined;

function frameOf(id: string, json: Uint8Array): Buffer {
  if (last?.json === json && last.id === id) return last.frame;
  const frame = nextFrame(Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`), json);
  last = { id, json, frame };
  return frame;
}

/** An open operation on a socket: how far its client has been told, and the way past its stream to the client. */
export class SocketOperation implements Progress, JsonSender {
  readonly id: string;
  /** The context in which it is executed. A fresh credential replaces its actor. */
  context: { actor: Actor | undefined } | undefined = undefined;
  taken?: number;
  position?: number;
  readonly #guard: FrameSink;

  constructor(id: string, guard: FrameSink) {
    this.id = id;
    this.#guard = guard;
  }

  onCovered(position: number): void {
    this.#guard.tellPosition(this.id, position);
  }

  sendJson(json: Uint8Array): boolean {
    return this.#guard.canSendFrame && this.#guard.sendFrame(frameOf(this.id, json));
  }
}
