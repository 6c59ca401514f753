import { type HostileAnswer, hostileAnswer } from '../../support/relay/answers/answer.ts';
import { startHarness } from '../../support/relay/answers/harness.ts';
import { randomFrom } from '../../support/relay/answers/random.ts';
import { regressions } from '../../support/relay/answers/regressions.ts';
import { type Relay, startRelay } from '../../support/relay/relay-fixture.ts';

const cases = Number(process.env.FUZZ_CASES ?? 2_000);
/** The same cases in each run, so that a change is to blame for a failure. `npm run fuzz:answers` tries others. */
const seed = Number(process.env.FUZZ_SEED ?? 1);
const servers = ['one', 'two', 'three', 'four'];
const mostShown = 5;

let relay: Relay;
beforeAll(async () => {
  relay = await startRelay({ maxAnswer: 200_000 });
});
afterAll(() => relay.close());

test.each(regressions)('An answer that once got past the relay no longer does: %s', async (_name, answer) => {
  const harness = await startHarness(relay, 'regressions');
  expect((await harness.pass(answer)).faults).toEqual([]);
});

test(
  'No reader sees in a changed answer what its caller may not use, and all readers read the same',
  async () => {
    const failed: { case: number; faults: string[]; answer: HostileAnswer }[] = [];
    let next = 0;
    await Promise.all(
      servers.map(async (server) => {
        const harness = await startHarness(relay, server);
        while (next < cases && failed.length < mostShown) {
          const number = next++;
          const answer = hostileAnswer(randomFrom(seed + number));
          const { faults } = await harness.pass(answer);
          if (faults.length > 0) failed.push({ case: number, faults, answer });
        }
      }),
    );
    // Repeat a case with FUZZ_SEED=<seed + case>, and keep it in tests/support/relay/answers/regressions.ts.
    expect({ seed, failed }).toEqual({ seed, failed: [] });
  },
  60_000 + cases * 200,
);
