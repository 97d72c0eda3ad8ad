/**
 * Starts the live page: joins session, feed, state, map and panel. Everything with a life of its own
 * is made here and handed to the parts.
 */
import type { NodePicture } from '../../contracts/push.ts';
import { paletteFor } from './activity.ts';
import { ExceptionPanel } from './exception-panel.ts';
import { ExceptionQueue } from './exception-queue.ts';
import { type Feed, openFeed } from './feed.ts';
import { LiveState } from './live-state.ts';
import { askToLogIn } from './login.ts';
import { MapView } from './map-view.ts';
import { loadPageConfig, type PageConfig } from './page-config.ts';
import { type Connection, drawPanel } from './panel.ts';
import { type Report, reportOf } from './report.ts';
import { currentToken, forgetSession, parseFragment, renewToken, takeSession } from './session.ts';
import type { ViewCells } from './view-cells.ts';
import { shortId } from './words.ts';
import { loadZones } from './zones.ts';

const PANEL_MS = 500;
const PRUNE_MS = 2_000;
/** Unknown zones are asked for at most this often. */
const ZONES_AGAIN_MS = 5_000;
/** Two refusals within this time mean that renewing the token does not help. */
const REFUSED_AGAIN_MS = 10_000;

declare global {
  interface Window {
    /** What the page shows, for tests and the curious. */
    __waggle?: () => Report;
  }
}

/** Host ms UTC. Motion, silence and pictures all use this one clock. */
const hostMs = (): number => Date.now();

function isDark(): boolean {
  const asked = new URLSearchParams(location.search).get('theme');
  if (asked === 'dark' || asked === 'light') return asked === 'dark';
  return matchMedia('(prefers-color-scheme: dark)').matches;
}

function container(): HTMLElement {
  const found = document.getElementById('map');
  if (!found) throw new Error('The page has no #map.');
  return found;
}

class LivePage {
  private readonly state = new LiveState();
  private readonly config: PageConfig;
  private readonly map: MapView;
  private readonly queue: ExceptionQueue;
  private readonly exceptions: ExceptionPanel;
  private palette = paletteFor(isDark());
  private connection: Connection = 'connecting';
  private zoneNames: ReadonlyMap<string, string> = new Map();
  private view: ViewCells = { cells: [], cut: false };
  private feed: Feed | null = null;
  private refusedMs = 0;
  private token = '';
  private zonesAskedMs = 0;
  /** The map has found its place; from here on only people move it. */
  private settled = false;

  constructor(config: PageConfig, start: ReturnType<typeof takeSession>['start']) {
    this.config = config;
    this.state.motion.still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.map = new MapView({
      container: container(),
      state: this.state,
      palette: this.palette,
      styleUrl: config.styleUrl,
      start,
      hostMs,
      zoneNowMs: () => this.zoneNowMs(),
      onCells: (view) => this.watch(view),
    });
    this.queue = new ExceptionQueue({
      token: currentToken,
      renew: renewToken,
      isHidden: () => document.hidden,
      onChange: () => this.exceptions.draw(),
    });
    this.exceptions = new ExceptionPanel({
      queue: this.queue,
      onShow: ({ pickup, dropoff }) => this.map.show(pickup, dropoff),
      zoneNowMs: () => this.feed?.zoneNowMs ?? null,
      zoneName: (zone) => this.zoneNames.get(zone) ?? shortId(zone),
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.paint());
    setInterval(() => this.drawPanel(), PANEL_MS);
    setInterval(() => this.prune(), PRUNE_MS);
    this.paint();
    window.__waggle = () => this.report();
  }

  /** Follows the city with a token; asks for a log-in when there is none or it was refused. */
  async follow(token: string | null): Promise<void> {
    const current = token ?? (await askToLogIn());
    this.token = current;
    void this.learnZones();
    void this.queue.refresh();
    this.feed = openFeed({
      url: this.config.gatewayUrl,
      token: current,
      renew: renewToken,
      onCell: (picture) => {
        if (this.state.applyCell(picture, hostMs())) this.map.touch();
      },
      onNode: (picture) => {
        this.state.applyNode(picture, hostMs());
        this.goWhereWorkIs(picture);
      },
      onConnection: (connection) => this.connected(connection),
    });
    this.feed.watch(this.view.cells);
  }

  private async learnZones(): Promise<void> {
    this.zonesAskedMs = hostMs();
    const { names, outlines } = await loadZones(this.token);
    this.zoneNames = names;
    this.map.showZones(outlines);
    if (!this.settled) this.map.goTo(new Set(names.keys()));
  }

  /** Once, to the zones that have drivers; zones that were opened since are asked for. */
  private goWhereWorkIs(picture: NodePicture): void {
    const zones = picture.shards.flatMap((shard) => shard.zones);
    const isNew = zones.some((id) => !this.zoneNames.has(id));
    if (isNew && hostMs() - this.zonesAskedMs > ZONES_AGAIN_MS) void this.learnZones();
    if (this.settled) return;
    const busy = picture.shards.filter((shard) => shard.drivers > 0);
    const ids = new Set(busy.flatMap((shard) => shard.zones));
    if (ids.size > 0) this.settled = this.map.goTo(ids);
  }

  private connected(connection: Connection): void {
    if (connection === 'live') this.state.resumed(hostMs());
    this.connection = connection;
    this.drawPanel();
    if (connection === 'refused') void this.refused();
  }

  /** A refused token is renewed once; when the fresh one is refused too, only a log-in helps. */
  private async refused(): Promise<void> {
    this.feed?.close();
    this.feed = null;
    const again = hostMs() - this.refusedMs < REFUSED_AGAIN_MS;
    this.refusedMs = hostMs();
    const token = again ? null : await renewToken();
    if (token === null) forgetSession();
    await this.follow(token);
  }

  private watch(view: ViewCells): void {
    this.view = view;
    this.feed?.watch(view.cells);
    const hint = document.getElementById('hint');
    if (!hint) return;
    hint.hidden = !view.cut;
    hint.textContent = view.cut ? 'Showing the middle of the map only: zoom in to see more.' : '';
  }

  private prune(): void {
    // While the line is down nothing comes: what was last seen stays, marked by the state chip.
    if (this.connection !== 'live') return;
    this.state.prune(new Set(this.view.cells), hostMs());
    this.map.touch();
  }

  private zoneNowMs(): number {
    return this.feed?.zoneNowMs ?? this.state.zoneMs;
  }

  private paint(): void {
    const dark = isDark();
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    this.palette = paletteFor(dark);
    this.map.setPalette(this.palette);
    this.drawPanel();
  }

  private drawPanel(): void {
    const { state, palette, connection, zoneNames } = this;
    const speed = this.feed?.speed ?? null;
    drawPanel({ state, palette, connection, speed, hostMs: hostMs(), zoneNames });
    this.exceptions.draw();
  }

  private report(): Report {
    const { state, connection, view, map } = this;
    return reportOf({ state, connection, cells: view.cells, frames: map.frames, hostMs: hostMs() });
  }
}

// A new link opened in this tab only changes the fragment: start again with its token.
window.addEventListener('hashchange', () => {
  if (parseFragment(location.hash).token !== null) location.reload();
});
const { token, start } = takeSession();
const page = new LivePage(await loadPageConfig(), start);
await page.follow(token);
