// Loaded into each service of the gateway before its program: moves the time that it reads by the seconds in CLOCK_FILE.
import { readFileSync } from 'node:fs';

const lookMilliseconds = 50;
const Real = Date;
let ahead = 0;

function look(): void {
  try {
    ahead = Number(readFileSync(process.env.CLOCK_FILE ?? '', 'utf8')) * 1000;
  } catch {}
}

globalThis.Date = class extends Real {
  constructor(...given: [] | ConstructorParameters<typeof Real>) {
    if (given.length === 0) super(Real.now() + ahead);
    else super(...(given as [number]));
  }
  static override now(): number {
    return Real.now() + ahead;
  }
} as DateConstructor;
look();
setInterval(look, lookMilliseconds).unref();
