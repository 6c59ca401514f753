import { tellsTime } from '../../compose/stack.ts';
import { ask, callClock } from '../../compose/visit.ts';
import { get, kubectl } from '../cluster/kubectl.ts';
import { until } from '../cluster/programs.ts';
import { type Gateway, namespace } from '../gateway.ts';
import { keepStreams, type Load, type Streams, startLoad } from '../load.ts';
import { podsOf } from '../pods.ts';

/** The gateway that all tests share, with an agent and a person who are logged in. */
export class Scene {
  #gateway: Gateway | undefined;
  /** The headers with the agent's token. */
  bearer: object = {};
  /** The person's session. */
  cookie = '';

  set gateway(gateway: Gateway) {
    this.#gateway = gateway;
  }
  get gateway(): Gateway {
    if (!this.#gateway) throw new Error('the gateway did not start');
    return this.#gateway;
  }
  get place() {
    return this.gateway.place;
  }

  /** Asks the gateway for a page or an answer of the API. */
  ask(path: string, headers: object = {}) {
    return ask(this.place.url + path, { headers, ca: this.place.ca ?? '' });
  }

  /** Whether a caller gets the clock's answer. */
  async tells(headers: object): Promise<boolean> {
    return tellsTime(await callClock(this.place, headers));
  }

  /** Starts calls by the agent and the person in turn. */
  startCalls(): Load {
    const call = (count: number) => callClock(this.place, count % 2 === 0 ? { cookie: this.cookie } : this.bearer);
    return startLoad(call, tellsTime);
  }

  /** Opens 20 streams and returns when all are open. */
  async startStreams(): Promise<Streams> {
    const streams = keepStreams(this.place, '/currenttime/sse', this.bearer, 20);
    await allOpen(streams);
    return streams;
  }
}

/** Waits until the streams of {@link Scene.startStreams} are open. */
export const allOpen = (streams: Streams): Promise<void> => until('20 streams are open', () => streams.open() === 20);

/** Runs kubectl in the gateway's namespace. */
export const own = (...args: string[]): string => kubectl('-n', namespace, ...args);

/** Waits until no pod of gate and auth-server is being deleted. */
export const oldPodsGone = (): Promise<void> =>
  until('the old pods are gone', () =>
    ['gate', 'auth-server'].every((name) => {
      const all = get('pods', '-n', namespace, '-l', `app.kubernetes.io/name=${name}`).items;
      return all.length === podsOf(name).length;
    }),
  );

/** Seconds since a time of performance.now(), for a report. */
export const since = (began: number): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;
