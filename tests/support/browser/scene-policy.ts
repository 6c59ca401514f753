import { type MemoryDoor, memoryDoor, replayOf, replayRow } from '../registry/policy-door.ts';

/** The versions of a policy that people edit: some changes, one that waits for a second editor, and a file that has changed. */
export async function editedPolicy(text: string, assertion: string): Promise<MemoryDoor> {
  const door = memoryDoor(text);
  const more = text.replace('tools: [stock_price]', 'tools: [stock_price, stock_aggregates]');
  door.changeBy('frank', more, 'The desk needs the aggregates of the quarter, as agreed with finance.');
  door.changeBy('Averyveryverylongnamewithoutanyspace'.repeat(3), text, 'No longer needed. '.repeat(25));
  const own = text.replace(
    '  mcp-registry-user: [mcp-registry-user]',
    '  mcp-registry-user: [mcp-registry-user, mcp-registry-admin]',
  );
  await door.change(assertion, { base: 3, text: own, why: 'Everyone is an editor for a day.' });
  door.drifts(text.replace('tools: [convert_time, get_*]', 'tools: [convert_time]'));
  const longest = 'Averyveryverylongnamewithoutanyspace'.repeat(3);
  const rows = [replayRow({ server: 'github', object: 'create_issue' }), replayRow({ name: longest, object: longest })];
  const side = { calls: 1_204, people: 12, rows };
  door.replays(
    replayOf({
      ...{ allowed: { calls: 3, people: 1, rows: rows.slice(0, 1) }, refused: side, held: side, depends: side },
      cannotTell: [{ reason: 'registry', count: 12 }],
    }),
  );
  return door;
}
