import { type MessageLimits, OversizedAnswer, UnreadableAnswer } from '../../common/answers/limits.ts';
import { asLine } from '../../common/answers/line.ts';
import { readMessage } from '../../common/answers/message.ts';
import type { Holding } from './holding.ts';
import { weigh } from './weigh.ts';

/** Bounds on what one check reads of a server over one transport. */
export interface ReadingLimits {
  /** For each message. */
  message: MessageLimits;
  /** Values and keys of a response to anything but a request for a list, such as `initialize`. */
  otherValues: number;
  /** Values and keys of all responses together. */
  allValues: number;
  requests: number;
  events: number;
}

export type ResponseReader = ReturnType<typeof createResponseReader>;

/** Makes the reader of the responses to one client's requests. */
export function createResponseReader({ message: bounds, otherValues, allValues }: ReadingLimits, holding: Holding) {
  /** Whether the request with this id asks for a list. */
  const asksForList = new Map<string | number, boolean>();
  let left = allValues;
  return {
    /**
     * Notes a request of the client.
     * @param body what the client posts
     * @returns whether it is a request, which the server must answer with a message
     */
    expect(body: string): boolean {
      const { id, method } = JSON.parse(body) as { id?: string | number; method?: string };
      if (id !== undefined && method !== undefined) asksForList.set(id, method.endsWith('/list'));
      return id !== undefined;
    },
    /**
     * @returns the message as one line; undefined if it is no response to a request of the client
     * @throws {UnreadableAnswer} if readers could differ about it, or it exceeds a limit
     */
    async read(bytes: Buffer): Promise<Buffer | undefined> {
      const { id, isResponse, members } = await readMessage(bytes, bounds);
      const isForList = id === undefined || !isResponse ? undefined : asksForList.get(id.value);
      if (isForList === undefined) return undefined;
      const weight = weigh(JSON.parse(bytes.toString()));
      if (weight.members !== members) throw new UnreadableAnswer('an object with a key twice');
      if (!isForList && weight.values > otherValues)
        throw new OversizedAnswer(`more than ${otherValues} values about itself`);
      left -= weight.values;
      if (left < 0) throw new OversizedAnswer(`more than ${allValues} values in all`);
      holding.add(weight.bytes);
      return asLine(bytes);
    },
  };
}
