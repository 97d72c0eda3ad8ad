/**
 * The door of files: PUT and GET under /files by signed link, and nothing else. Owns how bytes come in
 * and go out; who gets a link is decided by the service that signs it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { WaggleError } from '../../contracts/errors.ts';
import type { FileLink, FileLinks } from '../../platform/files/file-links.ts';
import type { FileStore } from '../../platform/files/file-store.ts';
import { problemOf, sendProblem } from './problems.ts';

/** Uploads under way in one process; more must wait. */
const UPLOADS_MAX = 64;
/** Wall ms an upload may take: a sender that falls silent must not keep its place. */
const UPLOAD_TIMEOUT_MS = 120_000;

export interface FileDoorOptions {
  readonly store: FileStore;
  readonly links: FileLinks;
  /** Throws `request.rate_limited`. */
  readonly take: (request: IncomingMessage, response: ServerResponse) => void;
  /** Tells the owner of the file that it is there. */
  readonly tell: (action: string, params: object) => Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Aliases below /files. */
export function fileAliases(options: FileDoorOptions): Record<string, Handler> {
  const { links, take } = options;
  let uploads = 0;
  const handle =
    (work: (link: FileLink, request: IncomingMessage, response: ServerResponse) => Promise<void>) =>
    (request: IncomingMessage, response: ServerResponse): void => {
      const run = async (): Promise<void> => {
        take(request, response);
        const { url = '' } = request;
        await work(links.verify(url.slice(url.lastIndexOf('/') + 1)), request, response);
      };
      run().catch((error: unknown) => {
        const { correlationId } = request as { correlationId?: string };
        // What is left of the body is not worth reading.
        if (!request.complete) response.setHeader('Connection', 'close');
        sendProblem(response, problemOf(error), correlationId);
      });
    };
  return {
    'PUT :token': handle(async (link, request, response) => {
      if (uploads >= UPLOADS_MAX) throw new WaggleError('service.unavailable');
      uploads += 1;
      try {
        await receive(options, link, request);
      } finally {
        uploads -= 1;
      }
      response.writeHead(204, { 'Cache-Control': 'no-store' });
      response.end();
    }),
    'GET :token': handle((link, _request, response) => show(options, link, response)),
  };
}

async function receive(
  { store, tell }: FileDoorOptions,
  link: FileLink,
  request: IncomingMessage,
): Promise<void> {
  if (link.may !== 'put') throw new WaggleError('auth.forbidden');
  const { file, contentType, bytesMax, id } = link;
  const stated = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (stated !== contentType) {
    throw new WaggleError('request.invalid', undefined, [
      { field: 'Content-Type', expected: contentType },
    ]);
  }
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) {
    throw new WaggleError('request.too_large');
  }
  request.setTimeout(UPLOAD_TIMEOUT_MS, () => request.destroy());
  await store.put(file, request, { bytesMax, contentType });
  try {
    await tell(link.tell, { id, file });
  } catch (error) {
    // What it was for is gone: nobody would ever delete it.
    if (error instanceof WaggleError && error.code === 'resource.not_found') {
      await store.delete(file);
    }
    throw error;
  }
}

/** Never shown in place: whatever it is, a browser only saves it. */
async function show(
  { store }: FileDoorOptions,
  link: FileLink,
  response: ServerResponse,
): Promise<void> {
  if (link.may !== 'get') throw new WaggleError('auth.forbidden');
  const stored = await store.get(link.file);
  if (stored === undefined) throw new WaggleError('resource.not_found');
  response.writeHead(200, {
    'Content-Type': link.contentType,
    'Content-Length': stored.bytes,
    'Content-Disposition': 'attachment',
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Cache-Control': 'private, no-store',
  });
  await pipeline(stored.open(), response);
}
