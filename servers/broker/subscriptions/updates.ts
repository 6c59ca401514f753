import { limits } from '../limits.ts';

/** Updates of resources for one client: at most one in a second for each resource, and the last one always. */
export class Updates {
  /** The resources that are subscribed to. */
  readonly uris = new Set<string>();
  readonly #tell: (uri: string) => void;
  readonly #waiting = new Map<string, { again: boolean }>();

  constructor(tell: (uri: string) => void) {
    this.#tell = tell;
  }

  /** Tells that a resource has changed, if it is subscribed to. */
  updated(uri: string): void {
    if (!this.uris.has(uri)) return;
    const waiting = this.#waiting.get(uri);
    if (waiting) {
      waiting.again = true;
      return;
    }
    const own = { again: false };
    this.#waiting.set(uri, own);
    this.#tell(uri);
    const done = () => {
      this.#waiting.delete(uri);
      if (own.again) this.updated(uri);
    };
    setTimeout(done, limits.updateEvery).unref();
  }
}
