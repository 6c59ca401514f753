import { HeldBytes, NoRoom } from '../../../../common/answers/held-bytes.ts';

test('One server gets half of the memory, and leaves the other half to others', () => {
  const held = new HeldBytes(1_000);
  const [one, two] = [held.accountOf('one'), held.accountOf('two')];
  one(500);
  expect(() => one(1)).toThrow(NoRoom);
  two(250);
  expect(() => two(1)).toThrow(NoRoom);
});

test('Three servers that hold all they can leave room for a fourth', () => {
  const held = new HeldBytes(1_000);
  for (const [server, most] of [['one', 500] as const, ['two', 250] as const, ['three', 125] as const]) {
    held.accountOf(server)(most);
    expect(() => held.accountOf(server)(1)).toThrow(NoRoom);
  }
  expect(() => held.accountOf('four')(60)).not.toThrow();
});

test('What was given back can be held again', () => {
  const held = new HeldBytes(1_000);
  const account = held.accountOf('one');
  account(500);
  account(-500);
  expect(() => account(500)).not.toThrow();
});
