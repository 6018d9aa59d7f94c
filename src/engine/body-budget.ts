import { maxPayloadBytes } from '../events/check-events.ts';
import type { ClaimedRow } from './claim.ts';

/**
 * Limits the memory for bodies in this process. 512 slots of 256 KiB would be 128 MiB, and as much again on the way
 * to the sockets.
 *
 * Each claimed delivery reserves the size of the largest possible body. When its body has been read, the reservation
 * shrinks to the real size. So a claim never takes more than fits, nothing is handed back for lack of space, and
 * small bodies are limited only by the slots. One owner may have half, so that others get their turn while its
 * receivers are slow.
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

  /** The bytes that are held and reserved. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The number of deliveries that may still be claimed. */
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
