import type { OversizedEvent } from '../../common/answers/event-stream.ts';
import type { MessageId } from '../../common/answers/message.ts';
import { parseJson } from '../../common/text/json.ts';

const id = String.raw`"id" ?: ?("[!#-\[\]-~]{1,128}"|-?\d{1,128})`;
/** The first members of a message, or its last ones: SDKs write `id` in either place. */
const inHead = new RegExp(String.raw`(?:^|\n)data: ?\{ ?(?:"jsonrpc" ?: ?"2\.0" ?, ?)?${id} ?,`);
const inTail = new RegExp(String.raw`, ?${id} ?(?:, ?"jsonrpc" ?: ?"2\.0" ?)?\}\s*$`);

/**
 * The id of the message in an event whose middle was not kept. A server could make it look like another id; that would only
 * end a request to this server.
 */
export function oversizedId({ head, tail }: OversizedEvent): MessageId | undefined {
  const text = inHead.exec(head)?.[1] ?? inTail.exec(tail)?.[1];
  const value = text === undefined ? undefined : parseJson(text);
  return text === undefined || value === undefined ? undefined : { value: value as MessageId['value'], text };
}
