import { reveal } from '../../../common/text/reveal.ts';
import type { AccessRequest, RequestState } from '../../store/requests.ts';
import { cleaned } from '../shared/format.ts';

const longestName = 80;

/** States with the sign and the word that the pages have for them. */
const states: Record<RequestState, { icon: string; tone: string; word: string }> = {
  open: { icon: 'wait', tone: 'wait', word: 'waits for an answer' },
  given: { icon: 'healthy', tone: 'healthy', word: 'given' },
  refused: { icon: 'stop', tone: 'quiet', word: 'refused' },
  withdrawn: { icon: 'off', tone: 'quiet', word: 'withdrawn' },
  ended: { icon: 'off', tone: 'quiet', word: 'ended without an answer' },
};

/**
 * A request as pages show it: what people wrote with hidden characters spelled out.
 * @param title of the server, for those who may see it
 */
export function shownRequest(request: AccessRequest, title: string | undefined) {
  const { by, reason, answer, server, state } = request;
  return {
    ...request,
    title: title ?? server,
    /** Whether the reader may open the server's page. */
    isSeen: title !== undefined,
    who: cleaned(by.username, longestName),
    words: reveal(reason),
    is: states[state],
    answered: answer && { ...answer, by: cleaned(answer.by.username, longestName), words: reveal(answer.words) },
  };
}
