import { answer, anyRequest, type Behaviour, begin, event, isGet, type Kind, result, when } from './behaviour.ts';

const many = 10_000;

/** An answer that names 10,000 made-up tasks, in 120 kB. */
export function manyTasks(from = 0): string {
  return result({ tasks: Array.from({ length: many }, (_, n) => ({ taskId: `t${from + n}` })) });
}

const newTask = (n: number) => result({ task: { taskId: `new-${n}`, status: 'working' } }, n);

const behaviours: Behaviour[] = [
  {
    name: '10,000 task ids in the answer to any request',
    uses: ['list', 'tasks', 'call', 'ping'],
    answer: when(anyRequest, (heard) => answer(heard, 'application/json', manyTasks())),
  },
  {
    name: '10,000 task ids in an event that answers any request',
    uses: ['list', 'tasks', 'call', 'parallel'],
    answer: when(anyRequest, (heard) => begin(heard, event(manyTasks())).end()),
  },
  {
    name: '10,000 task ids in an event of a stream, by GET',
    uses: ['stream', 'sse'],
    answer: when(isGet, (heard) => begin(heard, event(manyTasks()))),
  },
  {
    name: '10,000 other task ids in each of 50 events of a stream',
    uses: ['stream', 'sse', 'tasks'],
    answer: when(anyRequest, (heard) =>
      begin(heard, ...Array.from({ length: 50 }, (_, n) => event(manyTasks(n * many)))),
    ),
    lasts: 4_000,
  },
  {
    name: '10,000 answers that each make a task, on one stream',
    uses: ['stream', 'call'],
    answer: when(anyRequest, (heard) => begin(heard, ...Array.from({ length: many }, (_, n) => event(newTask(n))))),
    lasts: 4_000,
  },
  {
    name: '10,000 task ids beside 10,000 tools, prompts and resources',
    uses: ['list', 'stream'],
    answer: when(anyRequest, (heard) => {
      const named = (key: string) => Array.from({ length: many }, (_, n) => ({ [key]: `x:${n}` }));
      const all = { tools: named('name'), prompts: named('name'), resources: named('uri'), tasks: named('taskId') };
      begin(heard, event(result(all))).end();
    }),
  },
  {
    name: '10,000 task ids of a kilobyte each',
    uses: ['stream', 'tasks'],
    answer: when(anyRequest, (heard) => {
      const tasks = Array.from({ length: 7_000 }, (_, n) => ({ taskId: `${n}-${'x'.repeat(1_000)}` }));
      begin(heard, event(result({ tasks })));
    }),
  },
];

/** Work of the judging process that grows with what a server sends. */
export const manyIds: Kind = {
  name: 'Many ids in one answer',
  means: 'the auth-server answers others while it looks them up',
  behaviours,
};
