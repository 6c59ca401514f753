import {
  answer,
  anyRequest,
  type Behaviour,
  begin,
  event,
  isGet,
  isPost,
  type Kind,
  keepWriting,
  result,
  when,
} from './behaviour.ts';

/** More than one caller may own. */
const many = 1_200;
/** As long as it takes to store so many. */
const storeMilliseconds = 12_000;
const note = event('{"jsonrpc":"2.0","method":"notifications/message","params":{}}');

const typed = (contentType: string | undefined, status = 200): Behaviour => ({
  name: `a stream as ${contentType ?? 'no type'}${status === 200 ? '' : `, with status ${status}`}`,
  uses: ['logout'],
  answer: when(isGet, ({ response }) => {
    response.writeHead(status, contentType === undefined ? {} : { 'content-type': contentType });
    keepWriting(response, () => note, 50);
  }),
});

/** Access that must end while a server goes on answering. */
export const endedAccess: Kind = {
  name: 'Streams after the end of a session',
  means: 'every answer to a GET ends within three seconds of the logout',
  behaviours: [
    typed('text/event-stream'),
    typed('text/plain'),
    typed('application/json'),
    typed('application/octet-stream'),
    typed('text/event-streams'),
    typed(undefined),
    typed('text/plain', 404),
    typed('text/plain', 500),
    typed('text/event-stream', 201),
    {
      name: 'a stream that sends nothing',
      uses: ['logout'],
      answer: when(isGet, (heard) => begin(heard)),
    },
    {
      name: 'a stream whose event never ends',
      uses: ['logout'],
      answer: when(isGet, (heard) => keepWriting(begin(heard), () => 'data: x\n', 50)),
    },
    {
      name: 'a stream whose head comes late',
      uses: ['logout'],
      answer: when(isGet, (heard) => void setTimeout(() => begin(heard, note), 2_000)),
    },
  ],
};

/** A server that makes the gateway forget what a caller has elsewhere. */
export const evictions: Kind = {
  name: 'Sessions and tasks elsewhere',
  means: 'the callers’ sessions at another server stay',
  behaviours: [
    {
      name: `${many} endpoint events`,
      uses: ['ownSse', 'ownStream'],
      answer: when(isGet, (heard) =>
        begin(heard, ...Array.from({ length: many }, (_, n) => event(`/messages?sessionId=${n}`, 'endpoint'))),
      ),
      lasts: storeMilliseconds,
    },
    {
      name: `${many} tasks on a stream`,
      uses: ['ownStream', 'ownSse', 'call'],
      answer: when(anyRequest, (heard) =>
        begin(heard, ...Array.from({ length: many }, (_, n) => event(result({ task: { taskId: `e${n}` } }, n)))),
      ),
      lasts: storeMilliseconds,
    },
    {
      name: `${many} tasks of the tasks extension on a stream`,
      uses: ['ownStream', 'call'],
      answer: when(anyRequest, (heard) =>
        begin(
          heard,
          ...Array.from({ length: many }, (_, n) => event(result({ resultType: 'task', taskId: `m${n}` }, n))),
        ),
      ),
      lasts: storeMilliseconds,
    },
    {
      name: 'a new session in the answer to each of many requests',
      uses: Array.from({ length: 100 }, () => 'call' as const),
      answer: when(isPost, (heard) => {
        heard.response.setHeader('mcp-session-id', `s${Math.random()}`);
        answer(heard, 'application/json', result({ content: [] }, heard.id));
      }),
    },
  ],
};
