/**
 * Owns the panel of exceptions: the rows in their order, the filter, what is said when something does
 * not work. Rows are kept and only changed, so that focus and half-written reasons survive every answer.
 */
import type { Exception } from '../../contracts/api/exceptions.ts';
import { type ExceptionQueue, QUEUE_FILTERS, type QueueFilter } from './exception-queue.ts';
import { ExceptionRow, type RowActions } from './exception-row.ts';

export interface ExceptionPanelOptions {
  readonly queue: ExceptionQueue;
  readonly onShow: (exception: Exception) => void;
  readonly zoneNowMs: () => number | null;
  readonly zoneName: (zone: string) => string;
}

const FILTER_LABELS: Readonly<Record<QueueFilter, string>> = {
  awake: 'All awake',
  mine: 'Mine',
  nobody: 'Nobody’s',
  asleep: 'Asleep',
};
const EMPTY_WORDS: Readonly<Record<QueueFilter, string>> = {
  awake: 'Nothing is wrong.',
  mine: 'You look after nothing.',
  nobody: 'Somebody looks after each of them.',
  asleep: 'Nothing is asleep.',
};

function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}.`);
  return found as T;
}

export class ExceptionPanel {
  private readonly options: ExceptionPanelOptions;
  private readonly rows = new Map<string, ExceptionRow>();
  private readonly actions: RowActions;

  constructor(options: ExceptionPanelOptions) {
    this.options = options;
    const { queue, onShow } = options;
    this.actions = {
      onShow,
      onAct: (id, act) => queue.act(id, act),
      onWhy: (delivery) => queue.why(delivery),
    };
    const filter = element<HTMLSelectElement>('exceptions-filter');
    for (const name of QUEUE_FILTERS) filter.append(new Option(FILTER_LABELS[name], name));
    filter.onchange = () => queue.show(filter.value as QueueFilter);
    const fold = element<HTMLButtonElement>('exceptions-fold');
    const folded = matchMedia('(max-width: 760px)').matches;
    this.fold(folded);
    fold.onclick = () => this.fold(fold.getAttribute('aria-expanded') === 'true');
  }

  private fold(folded: boolean): void {
    const fold = element('exceptions-fold');
    fold.setAttribute('aria-expanded', String(!folded));
    fold.textContent = folded ? 'Open' : 'Fold';
    element('exceptions-body').hidden = folded;
  }

  /** Brings the panel up to date; cheap enough for twice a second. */
  draw(): void {
    const { queue } = this.options;
    const { items, more, trouble, filter } = queue;
    const panel = element('exceptions');
    panel.hidden = items === null && panel.hidden;
    if (items === null) return this.say('asking…');
    panel.dataset.count = String(items.length);
    element('exceptions-count').textContent = more ? `${items.length}+` : String(items.length);
    const { options } = element<HTMLSelectElement>('exceptions-filter');
    for (const option of options) option.disabled = option.value === 'mine' && !queue.person.acts;
    this.drawRows(items);
    this.say(trouble || (items.length === 0 ? EMPTY_WORDS[filter] : ''), trouble !== '');
  }

  private say(text: string, bad = false): void {
    const note = element('exceptions-note');
    if (note.textContent !== text) note.textContent = text;
    note.dataset.bad = String(bad);
    note.hidden = text === '';
  }

  private drawRows(items: readonly Exception[]): void {
    const { queue, zoneNowMs, zoneName } = this.options;
    const { id: me, acts } = queue.person;
    const listed = new Set(items.map(({ id }) => id));
    for (const [id, row] of this.rows) {
      if (listed.has(id)) continue;
      row.element.remove();
      this.rows.delete(id);
    }
    const now = zoneNowMs();
    for (const exception of items) {
      const view = { exception, zoneName: zoneName(exception.zone), zoneNowMs: now, me, acts };
      const row = this.rows.get(exception.id);
      if (row) row.draw(view);
      else this.rows.set(exception.id, new ExceptionRow(view, this.actions));
    }
    this.order(items);
  }

  /** Puts the rows in order, unless somebody writes in one: then new ones only join at the end. */
  private order(items: readonly Exception[]): void {
    const list = element('exceptions-list');
    const busy = [...this.rows.values()].some((row) => row.isBusy);
    const wanted = items.flatMap(({ id }) => this.rows.get(id)?.element ?? []);
    if (busy) {
      for (const row of wanted) if (row.parentElement !== list) list.append(row);
      return;
    }
    const focused = document.activeElement as HTMLElement | null;
    wanted.forEach((row, index) => {
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
    });
    // A row that moves loses the focus: whoever works by keyboard must find it where it was.
    if (focused && list.contains(focused) && document.activeElement !== focused) focused.focus();
  }
}
