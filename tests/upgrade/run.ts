import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What a release's gateway runs with: the word of the command line, as JSON. */
export interface Order {
  /** The folder with the code of the release, and in it that of `stack.ts`. */
  code: string;
  launch: string;
  dataDir: string;
  env: Record<string, string>;
  /** Where its services listen. Others get one of `free`. */
  ports: Record<string, number>;
  free: number[];
  /** Services that run elsewhere. */
  without: string[];
  /** Services whose code is that of another release: its folder, by the name of the service. */
  of: Record<string, string>;
}

type Ports = Record<string, number>;
/** What this program uses of a service of each release. */
interface Spec {
  name: string;
  args: readonly string[];
}
interface Supervisor {
  died: Promise<never>;
  start(spec: Spec): void;
  healthy(spec: Spec, milliseconds?: number): Promise<void>;
  stop(): Promise<void>;
}
type Sink = (service: string, line: string) => void;

const order = JSON.parse(process.argv[2] ?? '') as Order;
const load = (file: string) => import(pathToFileURL(join(order.code, order.launch, `${file}.ts`)).href);
const [{ startStack }, { Supervisor }, { portNames }] = (await Promise.all(
  ['stack', 'supervisor', 'services'].map(load),
)) as [
  { startStack(options: object): Promise<unknown> },
  { Supervisor: new (sink: Sink) => Supervisor },
  { portNames: string[] },
];

/** Starts of a whole gateway take long on a busy machine. In milliseconds. */
const patience = 900_000;

/** The release's own supervisor, without some services and with those of other releases. */
class Some extends Supervisor {
  override start(spec: Spec): void {
    if (order.without.includes(spec.name)) return;
    const other = order.of[spec.name];
    const moved = (word: string) =>
      other !== undefined && word.startsWith(order.code) ? other + word.slice(order.code.length) : word;
    super.start({ ...spec, args: spec.args.map(moved) });
  }
  override async healthy(spec: Spec): Promise<void> {
    if (!order.without.includes(spec.name)) await super.healthy(spec, patience);
  }
}

const { dataDir, env, free } = order;
const ports: Ports = Object.fromEntries(portNames.map((name, i) => [name, order.ports[name] ?? free[i] ?? 0]));
const say = (line: string) => process.stdout.write(`${line}\n`);
const supervisor = new Some((service, line) => say(`${service} | ${line}`));
const end = async (code: number) => {
  await supervisor.stop();
  process.exit(code);
};
process.on('SIGTERM', () => void end(0));
// The test has ended without a signal.
process.stdin.on('end', () => void end(0)).resume();
try {
  await startStack({ ports, dataDir, env, supervisor });
  say(`up ${JSON.stringify(ports)}`);
  await supervisor.died;
} catch (error) {
  say(`failed ${error instanceof Error ? error.message : error}`);
  await end(1);
}
