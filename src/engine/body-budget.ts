import { maxPayloadBytes } from '../events/check-events.ts';
import type { ClaimedRow } from './claim.ts';

/**
 * How many bytes of bodies this process holds for what it sends. 512 slots of 256 KiB would be 128 MiB, and as much
 * again on the way to the sockets.
 *
 * What is claimed reserves the largest body that there can be, until its own has been read and the reservation
 * shrinks to what it is. So a claim never takes what could not be held, nothing is handed back for want of room, and
 * small bodies are limited by the slots alone. One owner may have half: others' turns come while its receivers are
 * slow.
 */
const budgetBytes = 64 * 1024 * 1024;
const budgetOfOwnerBytes = budgetBytes / 2;
/** The largest payload in its envelope (status/event-body.ts). */
const largestBodyBytes = maxPayloadBytes + 1_024;

type Row = Pick<ClaimedRow, 'owner_id'>;

export class BodyBudget {
  readonly #held = new Map<Row, number>();
  readonly #ofOwner = new Map<string, number>();
  #bytes = 0;

  /** What is held and reserved. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many more may be claimed. */
  room(): number {
    return roomIn(budgetBytes - this.#bytes);
  }

  roomOfOwner(ownerId: string): number {
    return roomIn(budgetOfOwnerBytes - (this.#ofOwner.get(ownerId) ?? 0));
  }

  reserve(row: Row): void {
    this.#set(row, largestBodyBytes);
  }

  /** The body has been read. */
  hold(row: Row, bytes: number): void {
    if (this.#held.has(row)) this.#set(row, bytes);
  }

  /** Safe to call twice. */
  release(row: Row): void {
    this.#set(row, 0);
    this.#held.delete(row);
  }

  #set(row: Row, bytes: number): void {
    const more = bytes - (this.#held.get(row) ?? 0);
    this.#held.set(row, bytes);
    this.#bytes += more;
    const ofOwner = (this.#ofOwner.get(row.owner_id) ?? 0) + more;
    if (ofOwner === 0) this.#ofOwner.delete(row.owner_id);
    else this.#ofOwner.set(row.owner_id, ofOwner);
  }
}

const roomIn = (bytes: number) => Math.max(0, Math.floor(bytes / largestBodyBytes));
