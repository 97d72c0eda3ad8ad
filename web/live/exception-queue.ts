/**
 * Owns what the page knows of the exception queue: asks the API for it now and then while somebody
 * looks, and carries out what people do with one or ask about it. It must never touch the document.
 */
import type { Decision } from '../../contracts/api/decisions.ts';
import type { Exception } from '../../contracts/api/exceptions.ts';

/** How often the queue is asked for, ms: the zone tells lateness anew once a minute. */
const ASK_MS = 4_000;
/** Rows that are shown; more are only said to be there. */
const ROWS_MAX = 50;

export const QUEUE_FILTERS = ['awake', 'mine', 'nobody', 'asleep'] as const;
export type QueueFilter = (typeof QUEUE_FILTERS)[number];

export type ExceptionAct =
  | { readonly verb: 'claim' | 'release' }
  | { readonly verb: 'snooze'; readonly until: string | null; readonly reason: string }
  | { readonly verb: 'resolve'; readonly reason: string };

export interface ExceptionQueueOptions {
  /** The newest access token of this tab. */
  readonly token: () => string | null;
  /** A fresh one, or null when only a new log-in or link helps. */
  readonly renew: () => Promise<string | null>;
  readonly isHidden: () => boolean;
  readonly onChange: () => void;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Who a token speaks for, and whether it may do more than watch. A hint: the API decides. */
export function personOf(token: string | null): { readonly id: string; readonly acts: boolean } {
  try {
    const [, body = ''] = (token ?? '').split('.');
    const text = atob(body.replace(/-/g, '+').replace(/_/g, '/'));
    const { sub, scope } = JSON.parse(text) as { sub?: unknown; scope?: unknown };
    return { id: typeof sub === 'string' ? sub : '', acts: scope === 'access' };
  } catch {
    // Not a token that this page can read: it watches.
    return { id: '', acts: false };
  }
}

export class ExceptionQueue {
  /** Null before the first answer. */
  items: readonly Exception[] | null = null;
  /** There are more than are shown. */
  more = false;
  /** What went wrong last, in words; empty when nothing did. */
  trouble = '';
  filter: QueueFilter = 'awake';
  private readonly options: ExceptionQueueOptions;
  private asking = 0;

  constructor(options: ExceptionQueueOptions) {
    this.options = options;
    setInterval(() => {
      if (!options.isHidden()) void this.refresh();
    }, ASK_MS);
  }

  /** Who looks at the page. */
  get person(): ReturnType<typeof personOf> {
    return personOf(this.options.token());
  }

  show(filter: QueueFilter): void {
    this.filter = filter;
    this.items = null;
    this.options.onChange();
    void this.refresh();
  }

  /** Asks for the queue; an older answer that comes later is dropped. */
  async refresh(): Promise<void> {
    if (this.options.token() === null) return;
    const turn = ++this.asking;
    const answer = await this.call('GET', `/exceptions?${this.query()}`);
    if (turn !== this.asking) return;
    const items = (answer?.body as { items?: unknown } | null | undefined)?.items;
    if (answer?.status === 200 && Array.isArray(items)) {
      this.items = items as Exception[];
      this.more = (answer.body as { next?: unknown }).next !== null;
      this.trouble = '';
    } else {
      this.trouble = answer ? sentenceOf(answer) : 'The queue cannot be reached; trying again.';
    }
    this.options.onChange();
  }

  /** Does something with one; true when it was taken. */
  async act(id: string, { verb, ...body }: ExceptionAct): Promise<boolean> {
    const answer = await this.call('POST', `/exceptions/${encodeURIComponent(id)}/${verb}`, body);
    const taken = answer?.status === 200;
    await this.refresh();
    if (!taken) {
      this.trouble = answer ? sentenceOf(answer) : 'The server did not answer; nothing was done.';
      this.options.onChange();
    }
    return taken;
  }

  /** The newest decision about a delivery, or what is to be said in its place. */
  async why(delivery: string): Promise<Decision | string> {
    const path = `/deliveries/${encodeURIComponent(delivery)}/decisions?limit=1`;
    const answer = await this.call('GET', path);
    if (answer?.status !== 200) return answer ? sentenceOf(answer) : 'The server did not answer.';
    const [newest] = (answer.body as { items: Decision[] }).items;
    return newest ?? 'No round has touched it yet.';
  }

  private query(): string {
    const query = new URLSearchParams({ limit: String(ROWS_MAX) });
    query.set('snoozed', String(this.filter === 'asleep'));
    if (this.filter === 'mine') query.set('owner', this.person.id);
    if (this.filter === 'nobody') query.set('owner', 'nobody');
    return query.toString();
  }

  /** One request; a token that has ended is renewed once. Null: no answer. */
  private async call(method: string, path: string, body?: object): Promise<Answer | null> {
    const send = async (token: string | null): Promise<Answer | null> => {
      const headers: Record<string, string> = { authorization: `Bearer ${token}` };
      if (body !== undefined) headers['content-type'] = 'application/json';
      const init = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
      const response = await fetch(`/api/v1${path}`, init).catch(() => null);
      if (response === null) return null;
      return { status: response.status, body: await response.json().catch(() => null) };
    };
    const answer = await send(this.options.token());
    if (answer?.status !== 401) return answer;
    const fresh = await this.options.renew();
    return fresh === null ? answer : send(fresh);
  }
}

function sentenceOf({ status, body }: Answer): string {
  const { detail, title } = (body ?? {}) as { detail?: unknown; title?: unknown };
  const text = typeof detail === 'string' ? detail : title;
  return typeof text === 'string' ? text : `The server answered ${status}.`;
}
