/**
 * Owns how the newest decision about a delivery looks: why this driver, and what each candidate would
 * have cost. Text from outside is only ever text.
 */
import type { Decision } from '../../contracts/api/decisions.ts';
import { shortId } from './words.ts';

const HEAD = ['driver', 'cost', 'more', 'alone'] as const;
/** Rejected drivers that are named; more are counted. */
const REJECTED_MAX = 4;

/** The table of candidates: seconds, the chosen one marked. */
export function reasonRows({ candidates, driver }: Decision): string[][] {
  const whole = (seconds: number | null) => (seconds === null ? '–' : String(Math.round(seconds)));
  return candidates.map((each) => [
    `${each.driver === driver ? '▸ ' : ''}…${shortId(each.driver)}`,
    whole(each.costSeconds),
    whole(each.moreThanChosenSeconds),
    whole(each.aloneSeconds),
  ]);
}

/** Why it was decided so, with ids short enough to read. */
export function reasonText({ why }: Decision): string {
  return why.replace(/drv_[0-9a-f-]{36}/g, (id) => `…${shortId(id)}`);
}

/** Who could not have it, and why. */
export function rejectedText({ rejected }: Decision): string {
  const named = rejected.slice(0, REJECTED_MAX);
  const more = rejected.length > REJECTED_MAX ? `, ${rejected.length - REJECTED_MAX} more` : '';
  const text = named.map(({ driver, words }) => `…${shortId(driver)} ${words}`).join('; ');
  return text === '' ? '' : `Not: ${text}${more}`;
}

function row(cells: readonly string[], tag: 'td' | 'th'): HTMLTableRowElement {
  const made = document.createElement('tr');
  for (const cell of cells)
    made.append(Object.assign(document.createElement(tag), { textContent: cell }));
  return made;
}

/** A box with the reasons, or with what is said in their place. */
export function reasonsBox(answer: Decision | string): HTMLElement {
  const box = document.createElement('div');
  box.className = 'reasons';
  const say = (text: string) => {
    if (text !== '') box.append(Object.assign(document.createElement('p'), { textContent: text }));
  };
  if (typeof answer === 'string') {
    say(answer);
    return box;
  }
  say(reasonText(answer));
  if (answer.candidates.length > 0) {
    const table = document.createElement('table');
    table.append(row(HEAD, 'th'), ...reasonRows(answer).map((cells) => row(cells, 'td')));
    box.append(table);
  }
  say(rejectedText(answer));
  return box;
}
