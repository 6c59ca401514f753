import { createApp } from '../../../servers/realserverfaketools/server.ts';
import { diceFor } from '../../../servers/realserverfaketools/synthetic.ts';
import { connect, connections, listen, recordedLog, type TestClient } from '../../support/servers/mcp-clients.ts';

let http: Awaited<ReturnType<typeof listen>>;
let client: TestClient;
const { log, lines } = recordedLog();
beforeAll(async () => {
  http = await listen(createApp(log));
  client = await connect(http.base);
});
afterAll(async () => {
  await client.close();
  http.close();
});

const calls: [string, Record<string, unknown>][] = [
  ['quantum_flux_analyzer', { energy_level: 3 }],
  ['neural_pattern_synthesizer', { input_patterns: ['alpha', 'beta', 'gamma'] }],
  ['hyper_dimensional_mapper', { coordinates: { latitude: 35.7, longitude: 139.7 }, dimension_count: 6 }],
  ['temporal_anomaly_detector', { timeframe: { start: '2025-01-01', end: '2025-12-31' }, sensitivity: 10 }],
  ['user_profile_analyzer', { profile: { username: 'ada', email: 'ada@example.com', interests: ['maths'] } }],
  ['synthetic_data_generator', { schema: { name: 'string', age: { type: 'integer' } }, record_count: 4 }],
];

test.each(connections)('%s finds the six tools of the original and calls each', async (_, connectAs) => {
  const own = await connectAs(http.base);
  const tools = await own.listTools();
  expect(tools.map(({ name }) => name).sort()).toEqual(calls.map(([name]) => name).sort());
  for (const tool of tools) expect(tool.description).toMatch(/^Demonstration tool: .*synthetic/);
  for (const [name, args] of calls) expect((await own.call(name, args)).failed).toBe(false);
  await own.close();
});

test.each(calls)('%s marks its answer as synthetic in text and data', async (name, args) => {
  const { text, values } = await client.call(name, args);
  expect(values).toMatchObject({ synthetic: true, note: expect.stringContaining('Synthetic demonstration data') });
  expect(text.split('\n')[0]).toBe(values?.note);
  expect(JSON.parse(text.slice(text.indexOf('\n')))).toEqual(values);
});

test.each(calls)('%s gives equal answers to equal arguments, also in another process', async (name, args) => {
  const other = await listen(createApp(log));
  const second = await connect(other.base);
  expect(await second.call(name, args)).toEqual(await client.call(name, args));
  await second.close();
  other.close();
});

test('different arguments give different answers', async () => {
  const [a, b] = await Promise.all(
    [1, 2].map((seed) => client.call('synthetic_data_generator', { schema: { n: 'integer' }, seed })),
  );
  expect(a?.values).not.toEqual(b?.values);
});

test('hyper_dimensional_mapper keeps the place and adds the requested dimensions', async () => {
  const { values } = await client.call(...(calls[2] ?? ['', {}]));
  expect(values?.mapped_coordinates).toHaveLength(6);
  expect(values?.mapped_coordinates).toEqual(expect.arrayContaining([35.7, 139.7, 0]));
});

test('temporal_anomaly_detector finds only the requested types, within the window', async () => {
  const timeframe = { start: '2026-01-01T00:00:00+02:00', end: '2026-01-02' };
  const args = { timeframe, sensitivity: 10, anomaly_types: ['causal_loop'] };
  for (const sensitivity of [4, 6, 8, 10]) {
    const { values } = await client.call('temporal_anomaly_detector', { ...args, sensitivity });
    const anomalies = values?.anomalies as { time: string; type: string }[];
    expect(values?.total).toBe(anomalies.length);
    for (const { time, type } of anomalies) {
      expect(type).toBe('causal_loop');
      expect(Date.parse(time)).toBeGreaterThanOrEqual(Date.parse(timeframe.start));
      expect(Date.parse(time)).toBeLessThanOrEqual(Date.parse(timeframe.end));
    }
  }
});

test('synthetic_data_generator fills each type, with reserved mail addresses', async () => {
  const schema = { s: 'string', i: 'integer', n: 'number', b: 'boolean', d: 'date', e: 'email', p: 'name' };
  const { values } = await client.call('synthetic_data_generator', { schema, record_count: 1000 });
  const records = values?.records as Record<string, unknown>[];
  expect(records).toHaveLength(1000);
  for (const record of records)
    expect(record).toEqual({
      s: expect.stringMatching(/^s-\d+$/),
      i: expect.any(Number),
      n: expect.any(Number),
      b: expect.any(Boolean),
      d: expect.stringMatching(/^20\d\d-\d\d-\d\d$/),
      e: expect.stringMatching(/@example\.com$/),
      p: expect.any(String),
    });
});

test.each<[string, Record<string, unknown>]>([
  ['quantum_flux_analyzer', { energy_level: 11 }],
  ['quantum_flux_analyzer', { energy_level: 1.5 }],
  ['neural_pattern_synthesizer', { input_patterns: [] }],
  ['neural_pattern_synthesizer', {}],
  ['hyper_dimensional_mapper', { coordinates: { latitude: 91, longitude: 0 } }],
  ['temporal_anomaly_detector', { timeframe: { start: '2026-01-02', end: '2026-01-01' } }],
  ['temporal_anomaly_detector', { timeframe: { start: '2026-02-30', end: '2026-03-01' } }],
  ['user_profile_analyzer', { profile: { username: 'ada', email: 'no address' } }],
  ['synthetic_data_generator', { schema: {} }],
  ['synthetic_data_generator', { schema: { a: 'blob' } }],
  ['synthetic_data_generator', { schema: { a: 'string' }, record_count: 1001 }],
])('%s rejects %j', async (name, args) => {
  expect((await client.call(name, args)).failed).toBe(true);
});

test('a profile never reaches the log', async () => {
  await client.call('user_profile_analyzer', { profile: { username: 'ada-lovelace', email: 'ada@example.org' } });
  expect(lines.join('')).toContain('user_profile_analyzer');
  expect(lines.join('')).not.toMatch(/ada-lovelace|example\.org/);
});

test('The dice return every value of the range, and no other', () => {
  const dice = diceFor('x', 1);
  const thrown = Array.from({ length: 600 }, () => dice.int(1, 6));
  expect([...new Set(thrown)].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  const numbers = Array.from({ length: 600 }, () => dice.number(-1, 1));
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(-1);
  expect(Math.max(...numbers)).toBeLessThanOrEqual(1);
  expect(Math.max(...numbers) - Math.min(...numbers)).toBeGreaterThan(1.8);
});
