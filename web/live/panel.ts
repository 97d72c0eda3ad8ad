/**
 * Owns the side panel. It reads the state and writes text; it must never change the state, and never
 * puts anything that came from outside into the page other than as text.
 */

import { DELIVERY_STATES, type DeliveryState } from '../../contracts/states.ts';
import { ACTIVITIES, deliveryColor, type Palette, type Rgb, STATE_LABELS } from './activity.ts';
import type { LiveState, ShardRow } from './live-state.ts';
import { NODE_SILENT_MS } from './live-state.ts';
import { countText, durationText, shortId } from './words.ts';

/** Rows of the shard table; more shards with work than this are only counted. */
const SHARD_ROWS_MAX = 64;
const RARE_STATES: ReadonlySet<DeliveryState> = new Set([
  'scheduled',
  'delivered',
  'returning',
  'returned',
  'cancelled',
  'failed',
]);

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'refused' | 'closed';

export interface PanelView {
  readonly state: LiveState;
  readonly palette: Palette;
  readonly connection: Connection;
  /** Zone ms per host ms; null until the gateway said it. */
  readonly speed: number | null;
  readonly hostMs: number;
  /** Names of zones, by id, as far as they are known. */
  readonly zoneNames: ReadonlyMap<string, string>;
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}.`);
  return found;
}

function say(id: string, text: string): void {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}

function make(tag: string, text = ''): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

interface Bar {
  readonly label: string;
  readonly count: number;
  readonly color: Rgb;
  /** Hidden while its count is zero. */
  readonly rare?: boolean;
}

/** Bars are made once and then only updated, so that their widths can glide. */
function drawBars(id: string, bars: readonly Bar[]): void {
  const list = element(id);
  const most = Math.max(1, ...bars.map((bar) => bar.count));
  while (list.children.length < bars.length) {
    const row = make('li');
    const gauge = make('span');
    gauge.className = 'gauge';
    gauge.append(make('span'));
    row.append(make('i'), make('span'), gauge, make('output'));
    list.append(row);
  }
  bars.forEach((bar, index) => {
    const row = list.children[index] as HTMLElement;
    const [swatch, label, gauge, output] = [...row.children] as HTMLElement[];
    const fill = gauge?.firstElementChild as HTMLElement;
    const color = `rgb(${bar.color.join(' ')})`;
    row.dataset.none = String(bar.count === 0);
    row.hidden = bar.count === 0 && bar.rare === true;
    if (swatch) swatch.style.background = color;
    if (label) label.textContent = bar.label;
    if (output) output.textContent = countText(bar.count);
    fill.style.background = color;
    fill.style.width = `${(100 * bar.count) / most}%`;
  });
}

function drawNodes(view: PanelView): void {
  const rows = [...view.state.nodes.values()]
    .sort((a, b) => (a.picture.node < b.picture.node ? -1 : 1))
    .map(({ picture, heardMs }) => {
      const silentMs = view.hostMs - heardMs;
      const silent = silentMs > NODE_SILENT_MS;
      const { shards, positions } = picture;
      const total = (of: 'drivers' | 'open'): string =>
        countText(shards.reduce((sum, shard) => sum + shard[of], 0));
      const row = make('div');
      row.className = 'node';
      row.dataset.node = picture.node;
      row.dataset.silent = String(silent);
      const pace = silent
        ? `silent for ${durationText(silentMs)}`
        : `${countText(positions.perSecond)} pos/s · p99 ${durationText(positions.ageP99Ms)}`;
      row.append(
        make('strong', picture.node),
        make('span', pace),
        make('span', `${shards.length} shards`),
        make('span', `${total('drivers')} drivers · ${total('open')} open`),
      );
      return row;
    });
  element('nodes').replaceChildren(...(rows.length > 0 ? rows : [quiet('No node has reported.')]));
}

function quiet(text: string): HTMLElement {
  const made = make('span', text);
  made.className = 'quiet';
  return made;
}

function drawShard(row: ShardRow, view: PanelView): HTMLElement {
  const { shard } = row;
  const zones = shard.zones.map((zone) => view.zoneNames.get(zone) ?? shortId(zone)).join(', ');
  const takeover = shard.takeoverMs === null ? '–' : durationText(shard.takeoverMs);
  const cells = [
    String(shard.shard),
    row.node,
    // The leading digits of an epoch are the date: its tail is what changes.
    `…${String(shard.epoch).slice(-5)}`,
    zones || '–',
    countText(shard.drivers),
    countText(shard.open),
    countText(shard.mailboxLag),
    takeover,
  ].map((text) => make('td', text));
  cells[2]?.setAttribute('title', String(shard.epoch));
  cells[3]?.setAttribute('title', shard.zones.join(', '));
  const line = make('tr');
  line.dataset.shard = String(shard.shard);
  line.dataset.silent = String(row.silent);
  line.append(...cells);
  return line;
}

function drawShards(view: PanelView): void {
  const all = view.state.shards(view.hostMs);
  const busy = all.filter(({ shard }) => shard.zones.length > 0 || shard.drivers > 0);
  const shown = busy.slice(0, SHARD_ROWS_MAX);
  element('shards').replaceChildren(...shown.map((row) => drawShard(row, view)));
  const idle = all.length - shown.length;
  say('shards-rest', idle > 0 ? `and ${idle} more, ready but without a zone` : '');
}

const CONNECTION_WORDS: Readonly<Record<Connection, string>> = {
  connecting: 'connecting',
  live: 'live',
  reconnecting: 'reconnecting',
  refused: 'log in again',
  closed: 'closed',
};

/** Brings every figure of the panel up to date. Cheap enough for twice a second. */
export function drawPanel(view: PanelView): void {
  const { state, palette } = view;
  const positions = state.positions(view.hostMs);
  const shards = state.shards(view.hostMs);
  const oldest = Math.max(-1, ...shards.map(({ shard }) => shard.oldestUnassignedMs ?? -1));
  const status = element('connection');
  status.dataset.state = view.connection;
  say('connection', CONNECTION_WORDS[view.connection]);
  element('speed').hidden = view.speed === null;
  say('speed', view.speed === null ? '' : `speed × ${view.speed}`);
  say('rate', countText(positions.perSecond));
  say('age', positions.perSecond > 0 ? durationText(positions.ageP99Ms) : '–');
  say('open', countText(shards.reduce((sum, { shard }) => sum + shard.open, 0)));
  say('oldest', oldest < 0 ? '–' : durationText(oldest));
  const states = state.deliveriesByState();
  const activities = state.driversByActivity();
  say('deliveries-total', countText(state.deliveries.size));
  say('drivers-total', countText(state.drivers.size));
  drawBars(
    'states',
    // Every state has its row: rows that come and go would make the eye lose its place. Only the rare
    // ends, and plans for later, stay hidden until there is one.
    DELIVERY_STATES.map((name) => ({
      rare: RARE_STATES.has(name),
      label: STATE_LABELS[name],
      count: states.get(name) ?? 0,
      color: deliveryColor(name, palette),
    })),
  );
  drawBars(
    'activities',
    ACTIVITIES.map((label, index) => ({
      label: label[0]?.toUpperCase() + label.slice(1),
      count: activities[index] ?? 0,
      color: palette.activity[index] ?? palette.label,
    })),
  );
  drawNodes(view);
  drawShards(view);
}
