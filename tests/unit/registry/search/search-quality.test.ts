import { indexOf, measure, readCorpus, readQuestions } from '../../../../bench/search/corpus.ts';

/**
 * The results of `npm run bench:search`, less one question in a hundred. Raise them when the search gets better. A change
 * that lowers them has made the search worse.
 */
const floors = {
  tuning: { hit1: 0.76, hit3: 0.94, mrr: 0.86 },
  held: { hit1: 0.72, hit3: 0.9, mrr: 0.82 },
};

test('There are many questions and tools, and each question has an existing tool as its answer', () => {
  const corpus = readCorpus();
  const names = new Set(corpus.flatMap(({ server, tools }) => tools.map(({ name }) => `${server}/${name}`)));
  const { tuning, held } = readQuestions();
  expect(corpus.length).toBeGreaterThanOrEqual(12);
  expect(names.size).toBeGreaterThanOrEqual(120);
  expect(Object.keys({ ...tuning, ...held }).length).toBeGreaterThanOrEqual(60);
  for (const expected of [...Object.values(tuning), ...Object.values(held)]) expect(names).toContain(expected);
});

test.each(['tuning', 'held'] as const)('The search is as good as before with the questions for %s', async (part) => {
  const index = await indexOf(readCorpus());
  const { hit1, hit3, mrr } = measure(index, readQuestions()[part]);
  const floor = floors[part];
  expect(hit1).toBeGreaterThanOrEqual(floor.hit1);
  expect(hit3).toBeGreaterThanOrEqual(floor.hit3);
  expect(mrr).toBeGreaterThanOrEqual(floor.mrr);
});
