/** Credit that comes back with time, up to a most: a burst and a rate (token bucket). */
export class Credit {
  #left: number;
  #countedAt: number;
  readonly #most: number;
  readonly #rate: () => number;
  readonly #now: () => number;

  /**
   * @param rate what comes back in a millisecond
   * @param now milliseconds of a monotonic clock
   */
  constructor(most: number, rate: () => number, now = () => performance.now()) {
    this.#most = most;
    this.#left = most;
    this.#rate = rate;
    this.#now = now;
    this.#countedAt = now();
  }

  /** Negative while there is a debt. */
  get left(): number {
    const now = this.#now();
    this.#left = Math.min(this.#most, this.#left + (now - this.#countedAt) * this.#rate());
    this.#countedAt = now;
    return this.#left;
  }

  /** May leave a debt. */
  spend(amount: number): void {
    this.#left = this.left - amount;
  }

  take(amount: number): boolean {
    const enough = this.left >= amount;
    if (enough) this.spend(amount);
    return enough;
  }
}
