/**
 * Owns what the server tells the page: where the gateway is and, if wanted, a tile style. The gateway
 * address never comes from a link, so a forged link cannot send a token elsewhere.
 */
export interface PageConfig {
  /** WebSocket address of the gateway, with its path. */
  readonly gatewayUrl: string;
  /** MapLibre style of a base map; null draws none. */
  readonly styleUrl: string | null;
}

const GATEWAY_PORT = 3001;

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A style address from `?style=`: http(s) only, so that no script address gets through. */
export function styleFrom(search: string): string | null {
  const asked = new URLSearchParams(search).get('style');
  return asked !== null && /^https?:\/\//.test(asked) ? asked : null;
}

/** Reads `config.json` beside the page; a missing file means the gateway is on its usual port. */
export async function loadPageConfig(): Promise<PageConfig> {
  const response = await fetch('./config.json', { cache: 'no-store' }).catch(() => null);
  const body: unknown = response?.ok ? await response.json().catch(() => null) : null;
  const given = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return {
    gatewayUrl: text(given.gatewayUrl) ?? `${scheme}://${location.hostname}:${GATEWAY_PORT}/v1`,
    styleUrl: styleFrom(location.search) ?? text(given.styleUrl),
  };
}
