type Job = Readonly<{ group: number; run: () => Promise<void> }>;

/** Runs a limited number of jobs at a time. Owners take turns, and an owner group never has two jobs running. */
export class OwnerTurns {
  readonly #atATime: number;
  /** The owners, in the order of their turns. */
  readonly #waiting = new Map<string, Job[]>();
  readonly #busy = new Set<number>();

  constructor(atATime: number) {
    this.#atATime = atATime;
  }

  /** The number of the owner's jobs that have not begun. */
  waitingOf(ownerId: string): number {
    return this.#waiting.get(ownerId)?.length ?? 0;
  }

  /** The jobs must never reject. */
  add(ownerId: string, job: Job): void {
    const jobs = this.#waiting.get(ownerId);
    if (jobs === undefined) this.#waiting.set(ownerId, [job]);
    else jobs.push(job);
    this.#begin();
  }

  #begin(): void {
    for (const [ownerId, [job, ...later]] of this.#waiting) {
      if (this.#busy.size >= this.#atATime) return;
      if (job === undefined || this.#busy.has(job.group)) continue;
      this.#waiting.delete(ownerId);
      if (later.length > 0) this.#waiting.set(ownerId, later);
      this.#busy.add(job.group);
      void job.run().finally(() => {
        this.#busy.delete(job.group);
        this.#begin();
      });
    }
  }
}
