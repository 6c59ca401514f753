/**
 * Words for the same thing, in questions and in APIs. The list is small and general; no entry serves a single tool.
 */
const groups: readonly (readonly string[])[] = [
  ['time', 'clock', 'hour', 'oclock'],
  ['timezone', 'zone', 'tz'],
  ['date', 'day', 'calendar'],
  ['stock', 'share', 'equity', 'ticker', 'security'],
  ['price', 'quote', 'cost', 'rate', 'value'],
  ['money', 'payment', 'charge', 'fund'],
  ['currency', 'money', 'dollar', 'euro', 'pound', 'yen'],
  ['refund', 'reimburse', 'back'],
  ['delete', 'remove', 'erase', 'drop', 'cancel', 'trash', 'rid', 'unregister'],
  ['create', 'add', 'make', 'open', 'register', 'write', 'schedule', 'book', 'insert', 'start'],
  ['update', 'edit', 'change', 'modify', 'set', 'reschedule', 'rename'],
  ['list', 'show', 'available', 'enumerate', 'which'],
  ['search', 'find', 'look', 'query', 'lookup', 'locate', 'discover'],
  ['get', 'fetch', 'retrieve', 'read', 'view', 'detail', 'content'],
  ['send', 'post', 'write', 'reply', 'share'],
  ['message', 'chat', 'dm', 'text'],
  ['email', 'mail', 'inbox', 'message'],
  ['file', 'document', 'attachment'],
  ['folder', 'directory'],
  ['move', 'rename'],
  ['issue', 'ticket', 'bug', 'task', 'todo'],
  ['meeting', 'event', 'appointment', 'calendar'],
  ['free', 'busy', 'availability', 'slot'],
  ['repository', 'repo', 'project', 'codebase'],
  ['merge', 'combine', 'join'],
  ['database', 'db', 'sql'],
  ['table', 'column', 'schema', 'structure'],
  ['user', 'person', 'people', 'member', 'profile', 'colleague'],
  ['weather', 'temperature', 'rain', 'snow', 'sunny', 'forecast', 'climate'],
  ['temperature', 'warm', 'hot', 'cold', 'degree'],
  ['wind', 'storm'],
  ['picture', 'image', 'photo', 'screenshot'],
  ['web', 'internet', 'online', 'page', 'website', 'url'],
  ['route', 'direction', 'drive', 'way'],
  ['address', 'place', 'location', 'coordinate', 'geocode'],
  ['distance', 'far', 'long'],
  ['server', 'service'],
  ['health', 'healthy', 'healthcheck', 'status', 'alive', 'state'],
  ['enable', 'disable', 'toggle', 'switch', 'activate'],
  ['refresh', 'recheck', 'reload', 'again'],
  ['sum', 'add', 'plus', 'total', 'addition'],
  ['size', 'big', 'large', 'long'],
  ['echo', 'repeat'],
  ['test', 'fake', 'synthetic', 'dummy', 'mock', 'sample'],
  ['generate', 'make', 'create'],
  ['recent', 'late', 'lately', 'new', 'last'],
  ['pr', 'pull'],
  ['slow', 'performance', 'latency'],
  ['run', 'execute', 'invoke', 'perform'],
  ['error', 'exception', 'crash', 'failure'],
  ['translate', 'convert'],
  ['customer', 'client'],
  ['invoice', 'bill'],
  ['aggregate', 'history', 'historical', 'bar'],
];

const meaning = new Map<string, Set<string>>();
for (const group of groups) {
  for (const word of group) {
    const others = meaning.get(word) ?? new Set();
    for (const other of group) if (other !== word) others.add(other);
    meaning.set(word, others);
  }
}
const none: ReadonlySet<string> = new Set();

/** Returns the synonyms of `word`. All words are in dictionary form. */
export function synonymsOf(word: string): ReadonlySet<string> {
  return meaning.get(word) ?? none;
}
