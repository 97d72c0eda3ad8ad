/**
 * Owns who is looking: the token from the link, the one kept for this tab, or the log-in form.
 * The token leaves the address bar at once, and never reaches the page's own server in a URL.
 */
const STORAGE_KEY = 'waggle.view';
/** Longest token that is taken from a link. */
const TOKEN_CHARS_MAX = 8_192;

/** Where the map starts: degrees and zoom. */
export interface StartView {
  readonly lat: number;
  readonly lon: number;
  readonly zoom: number;
}

export interface LinkOptions {
  readonly token: string | null;
  readonly start: StartView | null;
}

function parseStart(text: string | null): StartView | null {
  if (!text) return null;
  const [lat = Number.NaN, lon = Number.NaN, zoom = 11] = text.split(',').map(Number);
  const valid = Math.abs(lat) <= 85 && Math.abs(lon) <= 180 && zoom >= 0 && zoom <= 20;
  return valid ? { lat, lon, zoom } : null;
}

/** Reads `#token=…&at=lat,lon,zoom`. Anything malformed is ignored. */
export function parseFragment(fragment: string): LinkOptions {
  const values = new URLSearchParams(fragment.replace(/^#/, ''));
  const token = values.get('token');
  const usable = token !== null && token !== '' && token.length <= TOKEN_CHARS_MAX;
  return { token: usable ? token : null, start: parseStart(values.get('at')) };
}

/** Takes the token out of the address bar, keeps it for this tab, and returns what is known. */
export function takeSession(): LinkOptions {
  const link = parseFragment(location.hash);
  if (link.token !== null) {
    keep({ access: link.token, refresh: null });
    const rest = link.start ? `#at=${link.start.lat},${link.start.lon},${link.start.zoom}` : '';
    history.replaceState(null, '', `${location.pathname}${location.search}${rest}`);
  }
  return { token: currentToken(), start: link.start };
}

/** The newest token of this tab; null when nobody is known. */
export function currentToken(): string | null {
  return read()?.access ?? null;
}

/** Forgets the token: it was refused, or the person logged out. */
export function forgetSession(): void {
  sessionStorage.removeItem(STORAGE_KEY);
}

/** What this tab keeps: the refresh token only after a log-in, as links carry none. */
interface Kept {
  readonly access: string;
  readonly refresh: string | null;
}

function read(): Kept | null {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? 'null');
    return isKept(kept) ? kept : null;
  } catch {
    // Something else wrote under our key: as good as nothing kept.
    return null;
  }
}

function isKept(value: unknown): value is Kept {
  return typeof value === 'object' && value !== null && 'access' in value && 'refresh' in value;
}

function keep(kept: Kept): void {
  sessionStorage.setItem(STORAGE_KEY, JSON.stringify(kept));
}

/** Finds the tokens in an answer of log-in (within `tokens`) or refresh (at the top). */
function tokensOf(body: unknown): Kept | null {
  if (typeof body !== 'object' || body === null) return null;
  const { tokens } = body as { tokens?: unknown };
  const { accessToken, refreshToken } = (tokens ?? body) as Record<string, unknown>;
  if (typeof accessToken !== 'string') return null;
  return { access: accessToken, refresh: typeof refreshToken === 'string' ? refreshToken : null };
}

function detailOf(body: unknown, status: number): string {
  if (typeof body === 'object' && body !== null) {
    const { detail, title } = body as { detail?: unknown; title?: unknown };
    if (typeof detail === 'string') return detail;
    if (typeof title === 'string') return title;
  }
  return `Log-in failed (${status}).`;
}

async function post(path: string, body: unknown): Promise<Response | null> {
  const headers = { 'content-type': 'application/json' };
  const request = { method: 'POST', headers, body: JSON.stringify(body) };
  return fetch(`/api/v1/auth/${path}`, request).catch(() => null);
}

/** Logs in over REST. Returns the access token; throws Error with a sentence to show. */
export async function logIn(email: string, password: string): Promise<string> {
  const response = await post('login', { email, password });
  if (!response) throw new Error('The server does not answer.');
  const body: unknown = await response.json().catch(() => null);
  const kept = response.ok ? tokensOf(body) : null;
  if (!kept) throw new Error(detailOf(body, response.status));
  keep(kept);
  return kept.access;
}

/** A fresh access token for a tab that logged in; null when only a new log-in or link helps. */
export async function renewToken(): Promise<string | null> {
  const refreshToken = read()?.refresh;
  if (!refreshToken) return null;
  const response = await post('refresh', { refreshToken });
  const body: unknown = response?.ok ? await response.json().catch(() => null) : null;
  const kept = tokensOf(body);
  if (kept) keep(kept);
  return kept?.access ?? null;
}
