/** Owns how one exception looks and what can be done with it. Text from outside is only ever text. */
import type { Decision } from '../../contracts/api/decisions.ts';
import type { Exception } from '../../contracts/api/exceptions.ts';
import type { ExceptionKind } from '../../contracts/problems.ts';
import { STATE_LABELS } from './activity.ts';
import type { ExceptionAct } from './exception-queue.ts';
import { reasonsBox } from './reasons.ts';
import { durationText, latenessText, shortId } from './words.ts';

const KIND_LABELS: Readonly<Record<ExceptionKind, string>> = {
  unassigned_too_long: 'Nobody carries it',
  stalled: 'Driver does not move',
  vendor_late: 'Vendor late',
  customer_unreachable: 'Customer unreachable',
  driver_silent_with_parcel: 'Silent with the parcel',
  held_by_other: 'Held by another phone',
  held_after_end: 'Held after its end',
  aboard_too_long: 'Aboard for too long',
  picked_up_by_other: 'Picked up by another',
  claimed_by_two: 'Claimed by two',
  proof_missing: 'Proof missing',
};
/** Later than this after the promise it is shown as bad; before it as a warning. */
const LATE_MS = 60_000;
const SOON_MS = -300_000;
const SNOOZE_MINUTES = [10, 30, 60] as const;
const MINUTE_MS = 60_000;

export interface RowView {
  readonly exception: Exception;
  readonly zoneName: string;
  /** Null until the gateway has said it. */
  readonly zoneNowMs: number | null;
  /** Who looks. */
  readonly me: string;
  readonly acts: boolean;
}

export interface RowActions {
  readonly onShow: (exception: Exception) => void;
  readonly onAct: (id: string, act: ExceptionAct) => Promise<boolean>;
  readonly onWhy: (delivery: string) => Promise<Decision | string>;
}

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name: string,
  text = '',
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (name !== '') made.className = name;
  made.textContent = text;
  return made;
}

function say(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

export class ExceptionRow {
  readonly element = make('li', 'exception');
  private view: RowView;
  private readonly actions: RowActions;
  private readonly late = make('b', 'late');
  private readonly kind = make('strong', '');
  private readonly about = make('span', 'about');
  private readonly note = make('span', 'about note');
  private readonly show = make('button', 'link', 'Show');
  private readonly claim = make('button', 'link');
  private readonly snooze = make('button', 'link');
  private readonly resolve = make('button', 'link', 'Resolve');
  private readonly why = make('button', 'link', 'Why');
  private readonly buttons = make('div', 'acts');
  private form: HTMLFormElement | null = null;
  private reasons: HTMLElement | null = null;

  constructor(view: RowView, actions: RowActions) {
    this.view = view;
    this.actions = actions;
    this.show.onclick = () => actions.onShow(this.view.exception);
    this.claim.onclick = () => {
      const verb = this.view.exception.owner === null ? 'claim' : 'release';
      void actions.onAct(this.view.exception.id, { verb });
    };
    this.snooze.onclick = () => this.toggleForm('snooze');
    this.resolve.onclick = () => this.toggleForm('resolve');
    this.why.onclick = () => void this.toggleReasons();
    this.buttons.append(this.show, this.claim, this.snooze, this.resolve, this.why);
    this.element.append(this.kind, this.late, this.about, this.note, this.buttons);
    this.draw(view);
  }

  /** Somebody is writing: the row must stay where it is. */
  get isBusy(): boolean {
    return this.form !== null;
  }

  draw(view: RowView): void {
    this.view = view;
    const { exception, zoneName, zoneNowMs, me, acts } = view;
    const { lateMs, owner, state, delivery, snoozedUntil, note } = exception;
    this.element.dataset.exception = exception.id;
    this.element.dataset.level = lateMs >= LATE_MS ? 'bad' : lateMs >= SOON_MS ? 'warn' : 'calm';
    this.element.dataset.mine = String(owner !== null && owner === me);
    this.kind.id = `kind-${exception.id}`;
    say(this.late, latenessText(lateMs));
    say(this.kind, KIND_LABELS[exception.kind] ?? exception.kind);
    this.kind.title = exception.title;
    const parts = [
      ageText(exception, zoneNowMs),
      STATE_LABELS[state],
      zoneName,
      `…${shortId(delivery)}`,
      ownerText(owner, me),
    ];
    say(this.about, parts.filter((part) => part !== '').join(' · '));
    this.about.title = delivery;
    const asleep = snoozedUntil !== null && Date.parse(snoozedUntil) > (zoneNowMs ?? 0);
    say(this.note, asleep ? `asleep: ${note ?? ''}` : waitText(exception, zoneNowMs));
    this.note.hidden = this.note.textContent === '';
    for (const button of [this.show, this.claim, this.snooze, this.resolve, this.why]) {
      button.hidden = !acts && button !== this.show;
      button.setAttribute('aria-describedby', this.kind.id);
    }
    say(this.claim, owner === null ? 'Claim' : 'Release');
    say(this.snooze, asleep ? 'Wake' : 'Snooze');
  }

  /** Shows why its driver, or nobody, has the delivery; once more, and it is put away. */
  private async toggleReasons(): Promise<void> {
    const shown = this.reasons;
    this.reasons = null;
    shown?.remove();
    this.why.setAttribute('aria-expanded', String(!shown));
    if (shown) return;
    const box = reasonsBox('asking…');
    this.reasons = box;
    this.element.append(box);
    const made = reasonsBox(await this.actions.onWhy(this.view.exception.delivery));
    if (this.reasons !== box) return;
    box.replaceWith(made);
    this.reasons = made;
  }

  private toggleForm(verb: 'snooze' | 'resolve'): void {
    const before = this.form?.dataset.verb;
    this.closeForm();
    if (before === verb) return;
    const asleep = this.snooze.textContent === 'Wake';
    if (verb === 'snooze' && asleep) {
      const { id } = this.view.exception;
      void this.actions.onAct(id, { verb: 'snooze', until: null, reason: 'woken by hand' });
      return;
    }
    this.form = this.openForm(verb);
    this.element.append(this.form);
    (this.form.querySelector('input') as HTMLInputElement).focus();
  }

  private closeForm(): void {
    this.form?.remove();
    this.form = null;
  }

  private openForm(verb: 'snooze' | 'resolve'): HTMLFormElement {
    const form = make('form', 'why');
    form.dataset.verb = verb;
    const reason = make('input', '');
    reason.name = 'reason';
    reason.required = true;
    reason.maxLength = 300;
    reason.placeholder = 'Why?';
    reason.setAttribute('aria-label', `Why ${verb}`);
    const minutes = make('select', '');
    minutes.setAttribute('aria-label', 'For how long');
    for (const each of SNOOZE_MINUTES) minutes.append(new Option(`${each} min`, String(each)));
    const submit = make('button', 'solid', verb === 'snooze' ? 'Snooze' : 'Resolve');
    form.append(...(verb === 'snooze' ? [minutes] : []), reason, submit);
    form.onkeydown = (event) => {
      if (event.key !== 'Escape') return;
      this.closeForm();
      (verb === 'snooze' ? this.snooze : this.resolve).focus();
    };
    form.onsubmit = (event) => {
      event.preventDefault();
      const untilMs = (this.view.zoneNowMs ?? Date.now()) + Number(minutes.value) * MINUTE_MS;
      const why = reason.value.trim();
      const act: ExceptionAct =
        verb === 'snooze'
          ? { verb, until: new Date(untilMs).toISOString(), reason: why }
          : { verb, reason: why };
      submit.disabled = true;
      void this.actions.onAct(this.view.exception.id, act).then((taken) => {
        submit.disabled = false;
        if (taken) this.closeForm();
      });
    };
    return form;
  }
}

function ownerText(owner: string | null, me: string): string {
  if (owner === null || owner === me) return '';
  return `taken by …${shortId(owner)}`;
}

function ageText({ since }: Exception, zoneNowMs: number | null): string {
  if (zoneNowMs === null) return '';
  return `for ${durationText(Math.max(0, zoneNowMs - Date.parse(since)))}`;
}

/** What the wait for a customer has come to. */
function waitText({ waitUntil, attempts }: Exception, zoneNowMs: number | null): string {
  if (waitUntil === null || zoneNowMs === null) return '';
  const leftMs = Date.parse(waitUntil) - zoneNowMs;
  const tried = attempts === 1 ? 'tried once' : `tried ${attempts} times`;
  return leftMs > 0 ? `${tried}; may give up in ${durationText(leftMs)}` : `${tried}; may give up`;
}
