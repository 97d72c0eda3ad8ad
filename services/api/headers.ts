/** Headers that do not depend on what is answered: safety, caching, who may read it from a browser. */
import type { ServerResponse } from 'node:http';
import type { Config } from '../../config/index.ts';
import type { Route } from '../../contracts/api/routes.ts';

const YEAR_SECONDS = 31_536_000;

/**
 * For every answer. Pages bring a Content-Security-Policy of their own in the document, and may be
 * restricted further, never widened; the API answers data, which needs nothing at all.
 */
export function safetyHeaders(config: Config): readonly (readonly [string, string])[] {
  const isSecure = config.api.publicUrl.startsWith('https:');
  return [
    ['X-Content-Type-Options', 'nosniff'],
    ['X-Frame-Options', 'DENY'],
    ['Referrer-Policy', 'no-referrer'],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    ['Permissions-Policy', 'geolocation=(self), camera=(), microphone=(), payment=(), usb=()'],
    ['Content-Security-Policy', "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"],
    ...(isSecure
      ? [['Strict-Transport-Security', `max-age=${YEAR_SECONDS}; includeSubDomains`] as const]
      : []),
  ];
}

/** Who people are, their papers, and what is said at a door. */
const KEPT_BY_NOBODY = /^(users\..*|drivers\.(myStanding|standing|papers)|deliveries\.proofs)$/;

const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";

/**
 * For an answer of the API. What is read may be kept by its reader, who asks each time whether it still
 * holds; credentials and what people know of themselves are kept by nobody.
 */
export function answerHeaders(response: ServerResponse, route: Route): void {
  const isPrivate = KEPT_BY_NOBODY.test(route.action) || route.method !== 'GET';
  response.setHeader('Cache-Control', isPrivate ? 'no-store' : 'private, no-cache');
  response.setHeader('Vary', 'Authorization, Origin');
  response.setHeader('Content-Security-Policy', DATA_POLICY);
}

/** Settings of moleculer-web. Credentials are no cookies, so any origin may call unless told otherwise. */
export function corsOf({ api }: Config): object {
  const { corsOrigins } = api.door;
  return {
    origin: corsOrigins.length === 1 ? corsOrigins[0] : corsOrigins,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [
      ...['Authorization', 'Content-Type', 'Idempotency-Key', 'X-Correlation-Id'],
      ...['If-Match', 'If-None-Match'],
    ],
    exposedHeaders: [
      ...['X-Correlation-Id', 'Retry-After', 'RateLimit', 'RateLimit-Policy'],
      ...['ETag', 'Location'],
    ],
    credentials: false,
    maxAge: 600,
  };
}

/** File names of the build carry a hash of their content, except the page itself. */
export function assetHeaders(response: ServerResponse, path: string): void {
  const isPage = path.endsWith('.html') || path.endsWith('config.json');
  response.setHeader('Cache-Control', isPage ? 'no-cache' : 'public, max-age=31536000, immutable');
}
