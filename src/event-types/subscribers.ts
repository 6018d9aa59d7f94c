type Subscriber = Readonly<{ events: readonly string[] }>;

/**
 * Endpoints by the entries of their `events`, so that whoever asks for each type of a long catalogue does not look
 * through all endpoints each time.
 */
export class Subscribers<Endpoint extends Subscriber> {
  readonly #endpoints: readonly Endpoint[];
  /** Places in the list, ascending. */
  readonly #byEntry = new Map<string, number[]>();

  constructor(endpoints: readonly Endpoint[]) {
    this.#endpoints = endpoints;
    for (const [place, { events }] of endpoints.entries()) {
      for (const entry of events) {
        const places = this.#byEntry.get(entry);
        if (places === undefined) this.#byEntry.set(entry, [place]);
        else places.push(place);
      }
    }
  }

  /** Those that have any of these entries, in the order of the list. */
  to(entries: readonly string[]): Endpoint[] {
    const places = new Set(entries.flatMap((entry) => this.#byEntry.get(entry) ?? []));
    return [...places].sort((one, other) => one - other).flatMap((place) => this.#endpoints[place] ?? []);
  }
}
