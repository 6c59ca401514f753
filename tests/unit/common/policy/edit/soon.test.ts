import { EditRefused } from '../../../../../common/policy/edit/refused.ts';
import { giveAccessSoon, takeAwaySoon } from '../../../../../common/policy/edit/soon.ts';

const to = { kind: 'group', name: 'support' } as const;
const short = 'group_mappings: {support: []}\n';
const long = `${short}# ${'a long comment '.repeat(4_000)}\n`;

test.each([
  ['at once', short],
  ['on a thread', long],
])('A text is edited %s, and gives back what it was given', async (_how, text) => {
  const given = await giveAccessSoon(text, { to, server: 'github', tools: ['get_issue'] });
  expect(given.scope).toBe('support-github');
  expect(given.text).toContain('tools: [get_issue]');
  const taken = await takeAwaySoon(given.text, { from: to, server: 'github' });
  expect(taken).toMatchObject({ alsoLose: [] });
  expect(taken.text).not.toContain('github');
});

test.each([short, long])('What is refused is refused with its sentence', async (text) => {
  const asked = takeAwaySoon(text, { from: to, server: 'github' });
  await expect(asked).rejects.toThrow(EditRefused);
  await expect(asked).rejects.toThrow('No rule gives support this on github.');
});

test('Of many long texts at once, some are asked to come again', async () => {
  const all = Array.from({ length: 11 }, () => takeAwaySoon(long, { from: to, server: 'github' }));
  const found = await Promise.allSettled(all);
  const messages = found.map((each) => (each.status === 'rejected' ? (each.reason as Error).message : ''));
  expect(messages.filter((message) => message.includes('Try again in a moment'))).toHaveLength(3);
});
