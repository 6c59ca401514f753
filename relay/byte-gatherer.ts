/**
 * A buffer that grows. It doubles its capacity when full, so that a server which sends one byte at a time costs no more
 * time or memory than any other.
 */
export class ByteGatherer {
  #room = Buffer.allocUnsafe(4096);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    const needed = this.#length + piece.length;
    if (needed > this.#room.length) {
      const wider = Buffer.allocUnsafe(Math.max(needed, this.#room.length * 2));
      this.#room.copy(wider, 0, 0, this.#length);
      this.#room = wider;
    }
    piece.copy(this.#room, this.#length);
    this.#length = needed;
  }

  /** The bytes so far; valid until the next `add`. */
  bytes(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  /** Removes and returns all bytes, and puts `rest` in their place. */
  take(rest: Buffer): Buffer {
    const taken = this.bytes();
    this.#room = Buffer.allocUnsafe(Math.max(4096, rest.length));
    rest.copy(this.#room);
    this.#length = rest.length;
    return taken;
  }
}
