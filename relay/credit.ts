/** Credit that comes back with time. */
export class Credit {
  #left: number;
  #countedAt = performance.now();
  readonly #most: number;
  readonly #rate: () => number;

  /** @param rate what comes back in a millisecond */
  constructor(most: number, rate: () => number) {
    this.#most = most;
    this.#left = most;
    this.#rate = rate;
  }

  get left(): number {
    const now = performance.now();
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
