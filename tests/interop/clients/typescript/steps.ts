/** A client, with what every client does here. */
export interface Steps {
  /** The names of the tools, or of the prompts. */
  list(): Promise<string[]>;
  prompts?(): Promise<string[]>;
  /** @returns the text of the result */
  call(name: string, args: Record<string, unknown>): Promise<string>;
}

const stepMilliseconds = 20_000;

/** Where the server is, and the caller's token: the arguments of every client. */
export const [url = '', token = ''] = process.argv.slice(2);

/** Takes each step, and prints one line of JSON for it. */
export async function take({ list, prompts, call }: Steps): Promise<void> {
  const hello = () => call('echo', { message: 'hello' });
  await step('list', list);
  await step('call', hello);
  await step('refused', () => call('get-sum', { a: 1, b: 2 }));
  await step('again', hello);
  if (prompts) await step('prompts', prompts);
}

async function step(name: string, action: () => Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('no answer')), stepMilliseconds);
  try {
    console.log(JSON.stringify({ step: name, ok: await Promise.race([action(), late.promise]) }));
  } catch (error) {
    console.log(JSON.stringify({ step: name, error: String(error) }));
  } finally {
    clearTimeout(timer);
  }
}

interface SdkClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  listPrompts(): Promise<{ prompts: { name: string }[] }>;
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<object>;
}

/** The steps of a client of either SDK. */
export function stepsOf(client: SdkClient): Steps {
  return {
    list: async () => (await client.listTools()).tools.map(({ name }) => name),
    prompts: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
    async call(name, args) {
      const { content, isError } = (await client.callTool({ name, arguments: args })) as {
        content: { text: string }[];
        isError?: boolean;
      };
      const text = content.map((part) => part.text).join('');
      if (isError) throw new Error(text);
      return text;
    },
  };
}
