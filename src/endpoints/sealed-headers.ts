/** Which header of which endpoint: what a sealed value is bound to. */
export type HeaderPlace = Readonly<{ ownerId: string; endpointId: string; name: string }>;

export function sealedHeaderPlace({ ownerId, endpointId, name }: HeaderPlace): string {
  return `${ownerId}/${endpointId}/header/${name.toLowerCase()}`;
}

/** As long as an opened signing secret is kept. */
const keptMs = 60_000;
const maxKept = 10_000;

/** Values of secret headers that were opened within the last minute, by what they were opened from. */
export class OpenedHeaders {
  readonly #kept = new Map<string, { value: string; until: number }>();

  open(sealed: string, open: () => string): string {
    const now = performance.now();
    const kept = this.#kept.get(sealed);
    if (kept !== undefined && kept.until > now) return kept.value;
    const value = open();
    this.#kept.delete(sealed);
    this.#kept.set(sealed, { value, until: now + keptMs });
    for (const [key, { until }] of this.#kept) {
      if (until > now && this.#kept.size <= maxKept) break;
      this.#kept.delete(key);
    }
    return value;
  }
}
