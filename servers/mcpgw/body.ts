import { boundedText } from '../bounded-text.ts';

export type BodyReader = ReturnType<typeof createBodyReader>;

/** The registry's largest answer: all it stores of one server, or 50 tools of up to 64 kB. */
const mostBytes = 4 * 1024 * 1024;
/** Larger answers are read one after another. Parsed, one takes many times its size, and this server has 192 MB. */
const smallBytes = 256 * 1024;
const tooLarge = 'the answer of the registry is too large; ask for less';

/**
 * Makes the reader of the registry's answers, which contain what MCP servers wrote.
 * @returns a function that passes the text of an answer to `use`, and throws a ToolError for one over 4 MB
 */
export function createBodyReader() {
  let last: Promise<unknown> = Promise.resolve();
  const readThen = async <T>(response: Response, use: (text: string) => T): Promise<T> =>
    use(await boundedText(response, mostBytes, tooLarge));
  return <T>(response: Response, use: (text: string) => T): Promise<T> => {
    const length = Number(response.headers.get('content-length') ?? Number.POSITIVE_INFINITY);
    if (length <= smallBytes) return readThen(response, use);
    const run = last.then(() => readThen(response, use));
    last = run.catch(() => undefined);
    return run;
  };
}
