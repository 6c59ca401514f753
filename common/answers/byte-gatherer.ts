const firstRoom = 4096;

/** Counts memory. Throws when there is no room for more. */
export type Account = (bytes: number) => void;

/**
 * A buffer that grows. It doubles its capacity when full, so that a server which sends one byte at a time costs no more
 * time or memory than any other.
 */
export class ByteGatherer {
  #room = Buffer.allocUnsafe(firstRoom);
  #length = 0;
  readonly #account: Account;

  /** @param account is told how the capacity changes, beyond the first 4 kB */
  constructor(account: Account = () => undefined) {
    this.#account = account;
  }

  get length(): number {
    return this.#length;
  }

  add(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (needed > this.#room.length) {
      const capacity = Math.max(needed, this.#room.length * 2);
      this.#account(capacity - this.#room.length);
      const wider = Buffer.allocUnsafe(capacity);
      this.#room.copy(wider, 0, 0, this.#length);
      this.#room = wider;
    }
    this.#room.set(piece, this.#length);
    this.#length = needed;
  }

  /** The bytes so far; valid until the next `add`. */
  bytes(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  /** Removes and returns all bytes, and puts `rest` in their place. */
  take(rest: Uint8Array): Buffer {
    const taken = this.bytes();
    const kept = Buffer.allocUnsafe(Math.max(firstRoom, rest.length));
    kept.set(rest);
    this.#account(kept.length - this.#room.length);
    this.#room = kept;
    this.#length = rest.length;
    return taken;
  }

  /** Gives the memory back. */
  release(): void {
    this.take(new Uint8Array());
  }
}
