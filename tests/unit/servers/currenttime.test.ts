import * as z from 'zod';
import { hints, modernNames } from '../../../common/time/zone-names.ts';
import { createApp } from '../../../servers/currenttime/server.ts';
import { resolveZone, suggestZones } from '../../../servers/currenttime/zones.ts';
import { connect, connections, listen, recordedLog, type TestClient } from '../../support/servers/mcp-clients.ts';

const winter = '2026-01-15T12:00:00Z';
const summer = '2026-07-15T12:00:00Z';

let clock = winter;
let http: Awaited<ReturnType<typeof listen>>;
let client: TestClient;
beforeAll(async () => {
  http = await listen(createApp(recordedLog().log, () => Temporal.Instant.from(clock)));
  client = await connect(http.base);
});
afterAll(async () => {
  await client.close();
  http.close();
});
beforeEach(() => {
  clock = winter;
});

describe.each(connections)('%s', (_, connectAs) => {
  test('gets the server’s description and the time', async () => {
    const own = await connectAs(http.base);
    expect(own.about()).toEqual({
      instructions: expect.stringContaining('current_time_by_timezone'),
      server: { name: 'currenttime', title: 'Current Time', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
    });
    const tools = await own.listTools();
    expect(tools.map((tool) => tool.name)).toEqual(['current_time_by_timezone', 'convert_time', 'list_timezones']);
    for (const tool of tools) {
      expect(tool.description).toBeTruthy();
      expect(tool.annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false, openWorldHint: false });
    }
    expect(await own.call('current_time_by_timezone', { tz_name: 'Asia/Tokyo' })).toEqual({
      failed: false,
      text: 'Thursday, 15 January 2026, 21:00:00 JST (UTC+09:00) in Asia/Tokyo',
      values: {
        timezone: 'Asia/Tokyo',
        datetime: '2026-01-15T21:00:00+09:00',
        utc_offset: '+09:00',
        weekday: 'Thursday',
        dst: false,
      },
    });
    expect(await own.call('current_time_by_timezone', { tz_name: 'Mars/Olympus' })).toMatchObject({ failed: true });
    await own.close();
  });
});

describe('current_time_by_timezone', () => {
  test.each([
    ['a zone without daylight saving time', summer, 'Asia/Tokyo', '2026-07-15T21:00:00+09:00', false],
    ['a zone in winter', winter, 'America/New_York', '2026-01-15T07:00:00-05:00', false],
    ['a zone in summer', summer, 'America/New_York', '2026-07-15T08:00:00-04:00', true],
    ['a zone of the southern summer', winter, 'Australia/Sydney', '2026-01-15T23:00:00+11:00', true],
    ['a zone of the southern winter', summer, 'Australia/Sydney', '2026-07-15T22:00:00+10:00', false],
    ['an offset of a half-hour', winter, 'Asia/Kolkata', '2026-01-15T17:30:00+05:30', false],
    ['an offset of 45 minutes', winter, 'Asia/Kathmandu', '2026-01-15T17:45:00+05:45', false],
    ['45 minutes and summer time', winter, 'Pacific/Chatham', '2026-01-16T01:45:00+13:45', true],
    ['a half-hour of summer time', winter, 'Australia/Lord_Howe', '2026-01-15T23:00:00+11:00', true],
    ['the same in winter', summer, 'Australia/Lord_Howe', '2026-07-15T22:30:00+10:30', false],
    ['a negative half-hour', winter, 'America/St_Johns', '2026-01-15T08:30:00-03:30', false],
    ['the next day', winter, 'Pacific/Kiritimati', '2026-01-16T02:00:00+14:00', false],
    ['UTC', winter, 'UTC', '2026-01-15T12:00:00+00:00', false],
    ['Etc, where the sign is reversed', winter, 'Etc/GMT+5', '2026-01-15T07:00:00-05:00', false],
    ['Irish Standard Time, which is summer time', summer, 'Europe/Dublin', '2026-07-15T13:00:00+01:00', true],
    ['Dublin in winter', winter, 'Europe/Dublin', '2026-01-15T12:00:00+00:00', false],
    ['summer time without a name', summer, 'Antarctica/Troll', '2026-07-15T14:00:00+02:00', true],
    ['two hours of summer time, in winter', winter, 'Antarctica/Troll', '2026-01-15T12:00:00+00:00', false],
    ['Morocco after Ramadan', '2025-07-15T12:00:00Z', 'Africa/Casablanca', '2025-07-15T13:00:00+01:00', false],
    ['Morocco in Ramadan', '2025-03-15T12:00:00Z', 'Africa/Casablanca', '2025-03-15T12:00:00+00:00', false],
    ['a country that changed its zone', '2016-05-15T12:00:00Z', 'America/Caracas', '2016-05-15T08:00:00-04:00', false],
    ['half a year in another zone', '2014-07-15T12:00:00Z', 'Europe/Simferopol', '2014-07-15T16:00:00+04:00', false],
    [
      'the last summer time of a country',
      '2019-01-15T12:00:00Z',
      'America/Sao_Paulo',
      '2019-01-15T10:00:00-02:00',
      true,
    ],
    [
      'three years of standard summer time',
      '1970-01-15T12:00:00Z',
      'Europe/London',
      '1970-01-15T13:00:00+01:00',
      false,
    ],
    [
      'an hour before the clocks change',
      '2026-03-08T06:59:59Z',
      'America/New_York',
      '2026-03-08T01:59:59-05:00',
      false,
    ],
    ['the second in which they change', '2026-03-08T07:00:00Z', 'America/New_York', '2026-03-08T03:00:00-04:00', true],
    ['a fixed offset', winter, '-03:30', '2026-01-15T08:30:00-03:30', false],
  ])('is correct for %s', async (_, now, tz_name, datetime, dst) => {
    clock = now;
    const { values } = await client.call('current_time_by_timezone', { tz_name });
    expect(values).toMatchObject({ timezone: tz_name, datetime, utc_offset: datetime.slice(-6), dst });
  });

  test.each([
    ['asia/calcutta', 'Asia/Calcutta'],
    ['ASIA/KOLKATA', 'Asia/Kolkata'],
    ['  europe/paris ', 'Europe/Paris'],
    ['America/new york', 'America/New_York'],
    ['us/eastern', 'US/Eastern'],
    ['utc', 'UTC'],
    ['etc/gmt-14', 'Etc/GMT-14'],
    ['america/port-au-prince', 'America/Port-au-Prince'],
  ])('reads %j as %s', async (tz_name, timezone) => {
    expect((await client.call('current_time_by_timezone', { tz_name })).values).toMatchObject({ timezone });
  });

  test('without an argument returns the time in New York', async () => {
    expect((await client.call('current_time_by_timezone')).text).toBe(
      'Thursday, 15 January 2026, 07:00:00 EST (UTC-05:00) in America/New_York',
    );
  });

  test.each([
    [
      summer,
      'America/New_York',
      'Wednesday, 15 July 2026, 08:00:00 EDT (UTC-04:00), daylight saving time in America/New_York',
    ],
    [
      summer,
      'Europe/London',
      'Wednesday, 15 July 2026, 13:00:00 BST (UTC+01:00), daylight saving time in Europe/London',
    ],
    [winter, 'Asia/Kolkata', 'Thursday, 15 January 2026, 17:30:00 IST (UTC+05:30) in Asia/Kolkata'],
    [winter, 'Asia/Singapore', 'Thursday, 15 January 2026, 20:00:00 UTC+08:00 in Asia/Singapore'],
    [winter, 'UTC', 'Thursday, 15 January 2026, 12:00:00 UTC (UTC+00:00) in UTC'],
  ])('at %s in %s returns %j', async (now, tz_name, text) => {
    clock = now;
    expect((await client.call('current_time_by_timezone', { tz_name })).text).toBe(text);
  });

  test.each([
    ['Tokyo', 'Did you mean Asia/Tokyo?'],
    ['Asia/Tokio', 'Asia/Tokyo'],
    ['new york', 'Did you mean America/New_York?'],
    ['Europe/Sao Paulo', 'America/Sao_Paulo'],
    ['São Paulo', 'America/Sao_Paulo'],
    ['Calcuta', 'Asia/Kolkata'],
    ['IST', 'Asia/Kolkata or Europe/Dublin or Asia/Jerusalem'],
    ['Beijing', 'Asia/Shanghai'],
    ['GMT+5', 'list_timezones finds names'],
    ['Z', 'list_timezones finds names'],
    ['', 'list_timezones finds names'],
    ['2026-01-01T00:00Z[Asia/Tokyo]', 'There is no time zone'],
    ['Asia/Tokyo\n', null],
    ['../etc/passwd', 'There is no time zone'],
  ])('for %j suggests a zone', async (tz_name, advice) => {
    const { failed, text, values } = await client.call('current_time_by_timezone', { tz_name });
    if (advice === null) return expect(values).toMatchObject({ timezone: 'Asia/Tokyo' });
    expect([failed, values]).toEqual([true, undefined]);
    expect(text).toContain(advice);
  });

  test('rejects a very long name without repeating it', async () => {
    const { failed, text } = await client.call('current_time_by_timezone', { tz_name: 'x'.repeat(5000) });
    expect(failed).toBe(true);
    expect(text.length).toBeLessThan(500);
  });
});

describe('The tables of names', () => {
  test.each([...modernNames])('contain %s and %s as the same zone', (old, modern) => {
    const at = (zone: string) => Temporal.Instant.from(winter).toZonedDateTimeISO(resolveZone(zone));
    expect(at(modern).timeZoneId).toBe(modern);
    expect(at(modern).equals(at(old))).toBe(true);
  });

  test.each([...hints])('suggest existing zones for %s, which is not a zone', (name, zones) => {
    expect(() => resolveZone(name)).toThrow('There is no time zone');
    expect(zones.map(resolveZone)).toEqual(zones);
    expect(suggestZones(name)).toEqual(expect.arrayContaining([...zones]));
  });
});

describe('convert_time', () => {
  const convert = (time: string, from_timezone: string, to_timezone: string, more = {}) =>
    client.call('convert_time', { time, from_timezone, to_timezone, ...more });

  test.each([
    ['2026-01-15T09:00', 'Europe/London', 'America/New_York', '2026-01-15T04:00:00-05:00', '-05:00'],
    ['2026-03-20T09:00', 'Europe/London', 'America/New_York', '2026-03-20T05:00:00-04:00', '-04:00'],
    ['2026-07-15T23:30', 'Asia/Kolkata', 'Asia/Kathmandu', '2026-07-15T23:45:00+05:45', '+00:15'],
    ['2026-07-15 22:15:30', 'America/Los_Angeles', 'Asia/Tokyo', '2026-07-16T14:15:30+09:00', '+16:00'],
    ['2026-12-31T23:30', 'Pacific/Honolulu', 'Pacific/Kiritimati', '2027-01-01T23:30:00+14:00', '+24:00'],
    ['2026-01-15T12:00', 'utc', 'America/St_Johns', '2026-01-15T08:30:00-03:30', '-03:30'],
    ['2024-02-29T12:00', 'UTC', 'UTC', '2024-02-29T12:00:00+00:00', '+00:00'],
    ['09:30', 'Asia/Tokyo', 'UTC', '2026-01-15T00:30:00+00:00', '-09:00'],
  ])('converts %s in %s to %s', async (time, from, to, datetime, difference) => {
    expect((await convert(time, from, to)).values).toMatchObject({ to: { datetime }, difference, occurs: 'once' });
  });

  test('reads a time without a date as today in its own zone, not in the server’s', async () => {
    clock = '2026-01-15T23:00:00Z';
    expect((await convert('09:30', 'Asia/Tokyo', 'UTC')).values).toMatchObject({
      from: { datetime: '2026-01-16T09:30:00+09:00' },
    });
  });

  test.each([
    ['2026-03-08T02:30', 'America/New_York', '2026-03-08T03:30:00-04:00', '2026-03-08T07:30:00+00:00'],
    ['2026-03-29T01:00', 'Europe/London', '2026-03-29T02:00:00+01:00', '2026-03-29T01:00:00+00:00'],
    ['2026-10-04T02:15', 'Australia/Lord_Howe', '2026-10-04T02:45:00+11:00', '2026-10-03T15:45:00+00:00'],
    ['2011-12-30T12:00', 'Pacific/Apia', '2011-12-31T12:00:00+14:00', '2011-12-30T22:00:00+00:00'],
  ])('reports that the clocks skip %s in %s, and moves past the gap', async (time, from, moved, utc) => {
    const { text, values } = await convert(time, from, 'UTC');
    expect(values).toMatchObject({ occurs: 'never', from: { datetime: moved }, to: { datetime: utc } });
    expect(values).not.toHaveProperty('other');
    expect(text).toContain(`does not exist in ${from}`);
  });

  test.each([
    ['earlier', '2026-11-01T05:30:00+00:00', '2026-11-01T06:30:00+00:00'],
    ['later', '2026-11-01T06:30:00+00:00', '2026-11-01T05:30:00+00:00'],
  ])('reports that a time occurs twice, and uses the %s one on request', async (when_twice, chosen, other) => {
    const { text, values } = await convert('2026-11-01T01:30', 'America/New_York', 'UTC', { when_twice });
    expect(values).toMatchObject({ occurs: 'twice', to: { datetime: chosen }, other: { to: { datetime: other } } });
    expect(text).toContain('occurs twice in America/New_York');
    expect(text).toContain(other.slice(11, 19));
  });

  test('uses the earlier of two times by default', async () => {
    const { values } = await convert('2026-10-25T02:30', 'Europe/Berlin', 'UTC');
    expect(values).toMatchObject({ occurs: 'twice', to: { datetime: '2026-10-25T00:30:00+00:00' } });
  });

  test.each([
    '2026-02-30T12:00',
    '2026-01-15T24:00',
    '12:60',
    '9:30',
    '3 pm',
    '2026-01-15',
    '2026-01-15T09:30Z',
    '2026-01-15T09:30+02:00',
    '',
  ])('rejects %j, which is not a local time', async (time) => {
    const { failed, text } = await convert(time, 'UTC', 'Asia/Tokyo');
    expect([failed, text]).toEqual([true, expect.stringContaining(`${JSON.stringify(time)} is no local time`)]);
  });

  test.each([
    ['Tokyo', 'UTC'],
    ['UTC', 'Tokyo'],
  ])('from %s to %s suggests a zone', async (from, to) => {
    expect(await convert('12:00', from, to)).toMatchObject({
      failed: true,
      text: expect.stringContaining('Asia/Tokyo'),
    });
  });
});

const zoneList = z.object({ timezones: z.array(z.object({ timezone: z.string() })) });

describe('list_timezones', () => {
  test.each([
    ['new york', ['America/New_York']],
    ['calcutta', ['Asia/Kolkata']],
    ['kolkata', ['Asia/Kolkata']],
    ['+05:45', ['Asia/Kathmandu']],
    ['utc+5:45', ['Asia/Kathmandu']],
    ['UTC', ['UTC']],
    ['-2:30', []],
    ['atlantis', []],
  ])('finds by %j', async (filter, expected) => {
    const { values } = await client.call('list_timezones', { filter });
    expect(values).toMatchObject({ timezones: expected.map((timezone) => ({ timezone })), total: expected.length });
  });

  test('uses the current offset', async () => {
    clock = summer;
    expect((await client.call('list_timezones', { filter: '-02:30' })).values).toEqual({
      timezones: [{ timezone: 'America/St_Johns', datetime: '2026-07-15T09:30:00-02:30', utc_offset: '-02:30' }],
      total: 1,
    });
  });

  test('shows the requested zones and the total', async () => {
    const { text, values } = await client.call('list_timezones', { limit: 2 });
    expect(values).toMatchObject({ timezones: [{ timezone: 'Africa/Abidjan' }, { timezone: 'Africa/Accra' }] });
    expect(Number(values?.total)).toBeGreaterThan(400);
    expect(text).toMatch(/^2 of \d{3} time zones that fit:\nAfrica\/Abidjan \(UTC\+00:00\), now 2026-01-15 12:00\n/);
  });

  test('lists every zone once, by its current name', async () => {
    const { values } = await client.call('list_timezones', { limit: 500 });
    const names = zoneList.parse(values).timezones.map((zone) => zone.timezone);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['UTC', 'Asia/Kolkata', 'Europe/Kyiv']));
    expect(names.filter((name) => modernNames.has(name))).toEqual([]);
  });

  test('suggests what to try if nothing fits', async () => {
    expect((await client.call('list_timezones', { filter: 'atlantis' })).text).toContain('No time zone fits');
  });
});
