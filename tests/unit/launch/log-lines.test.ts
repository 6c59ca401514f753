import { createLineSink } from '../../../launch/log-lines.ts';

function shown(entry: object): string {
  const lines: string[] = [];
  createLineSink((line) => lines.push(line), false)('auth-server', JSON.stringify(entry));
  return lines.join('\n');
}

test('A structured line is shown as text, its fields behind the message', () => {
  expect(
    shown({ level: 'info', time: 'now', service: 'auth-server', msg: 'allowed', server: 'notes', status: 200 }),
  ).toBe('auth-server  | allowed server=notes status=200');
});

test('A tool name with an escape sequence or a line break does not reach the terminal as one', () => {
  const line = shown({ level: 'info', msg: 'denied', object: 'x\u001b[2J\nauth-server  | allowed\u202e' });
  expect(line).toBe('auth-server  | denied object=x\\u001b[2J\\u000aauth-server  | allowed\\u202e');
});

test('A message of our own keeps its lines', () => {
  expect(shown({ level: 'fatal', msg: 'The configuration cannot be used:\n  - PORT: is taken' })).toContain(
    ':\n  - PORT',
  );
});
