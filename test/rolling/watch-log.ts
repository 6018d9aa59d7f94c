import { setTimeout as delay } from 'node:timers/promises';
import { type Site, within } from '../faults/site.ts';
import type { Tenant } from '../faults/traffic.ts';
import { type Follower, followOverWebSocket } from '../support/follower.ts';

const reconnectMs = 50;

/**
 * A reader of a tenant's log from its beginning, over whichever API process runs, through every restart. The follower
 * checks that each message begins where the one before it ended.
 */
export class LogWatch {
  readonly tenant: Tenant;
  /** The last position that it has. */
  position = 0;
  connections = 0;
  /** What was wrong with the log. */
  readonly problems: string[] = [];
  readonly #site: Site;
  #follower: Follower | undefined;
  #isStopped = false;
  readonly #running: Promise<void>;

  constructor(site: Site, tenant: Tenant) {
    this.#site = site;
    this.tenant = tenant;
    this.#running = this.#run();
  }

  /** Reads on up to this position. Returns false if it does not get there in time. */
  async readTo(head: number): Promise<boolean> {
    const isThere = await within(20_000, () => this.position >= head);
    this.#isStopped = true;
    await this.#follower?.stop();
    await this.#running;
    return isThere;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        this.connections += 1;
        const { origin } = this.#site.one('api');
        this.#follower = await followOverWebSocket({ ...this.tenant.caller, origin }, this.position);
        await this.#follower.until((changes) => {
          this.position = changes.at(-1)?.position ?? this.position;
          return false;
        });
      } catch (error) {
        // The process has closed the socket, and the next one continues. Anything else is a fault of the log.
        const message = error instanceof Error ? error.message : String(error);
        if (/^After position|^A hole|^Refused/.test(message)) this.problems.push(message);
        await delay(reconnectMs);
      }
    }
  }
}
