/** How a range of times is shown to people: the one wording for pages and apps. */

/** A range as statuses and positions carry it, zone ms. */
export interface EtaRange {
  readonly etaFromMs?: number | undefined;
  readonly etaToMs?: number | undefined;
}

/**
 * "19:40–19:52", or "19:40" when both ends are one minute; null where no range is known.
 *
 * @param timeZone IANA zone of the customer or the market; default: that of the device
 */
export function etaRangeText({ etaFromMs, etaToMs }: EtaRange, timeZone?: string): string | null {
  if (etaFromMs === undefined || etaToMs === undefined) return null;
  const clock = new Intl.DateTimeFormat('en-GB', {
    ...{ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
    ...(timeZone === undefined ? {} : { timeZone }),
  });
  const [from, to] = [clock.format(etaFromMs), clock.format(etaToMs)];
  return from === to ? from : `${from}–${to}`;
}
