import { prepareHostile } from '../../attack/hostile/prepare.ts';
import { hostileText, summarizeHostile } from '../../attack/hostile/report.ts';
import { runHostile } from '../../attack/hostile/run.ts';
import { readOptions } from '../../attack/options.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { partsOf } from '../support/gateway/parts.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({}, [], { processes: true });
}, 180_000);
afterAll(() => gateway?.stop());

test('No behaviour of a hostile server gets anything through, ends a part of the gateway, or delays others', async () => {
  const options = readOptions([
    '--with-hostile-server',
    ...['--url', gateway.url, '--stand-in', `http://127.0.0.1:${gateway.ports.cognito}`],
  ]);
  if (!options) throw new Error('the options were read as --help');
  const report = await runHostile(await prepareHostile(options, partsOf(gateway), new AbortController().signal));
  if (!summarizeHostile(report).held) console.error(hostileText(report, false));
  expect(summarizeHostile(report)).toMatchObject({ through: 0, died: 0, hurt: 0, held: true });
}, 1_800_000);
