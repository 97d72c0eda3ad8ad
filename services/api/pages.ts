/** What the API serves besides the API: its description, Swagger UI, and the built pages. */
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export type PageHandler = (request: IncomingMessage, response: ServerResponse) => void;

const require = createRequire(import.meta.url);

/** Files of swagger-ui-dist that its page needs; nothing else of the package is served. */
const SWAGGER_FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
  'favicon-32x32.png': 'image/png',
};

const SWAGGER_PAGE = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Waggle API</title>
  <link rel="icon" href="/api/docs/favicon-32x32.png">
  <link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="/api/docs/swagger-ui-bundle.js"></script>
  <script src="/api/docs/start.js"></script>
</body>
</html>
`;

const SWAGGER_START = `window.ui = SwaggerUIBundle({
  url: '/api/v1/openapi.json',
  dom_id: '#swagger-ui',
  persistAuthorization: false,
});
`;

/** Swagger UI styles its elements inline and inlines its icons; scripts come from here only. */
const SWAGGER_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/** Aliases of the description and its page, below /api. */
export function documentationAliases(document: object): Record<string, PageHandler> {
  const text = JSON.stringify(document);
  const dist = dirname(require.resolve('swagger-ui-dist/package.json'));
  const aliases: Record<string, PageHandler> = {
    'GET v1/openapi.json': (_request, response) => send(response, 'application/json', text),
    'GET docs': (_request, response) => {
      response.setHeader('Content-Security-Policy', SWAGGER_POLICY);
      send(response, 'text/html; charset=utf-8', SWAGGER_PAGE);
    },
    'GET docs/start.js': (_request, response) => send(response, 'text/javascript', SWAGGER_START),
  };
  for (const [file, type] of Object.entries(SWAGGER_FILES)) {
    aliases[`GET docs/${file}`] = (_request, response) => {
      readFile(join(dist, file)).then(
        (body) => send(response, type, body),
        () => send(response, 'text/plain', 'not found', 404),
      );
    };
  }
  return aliases;
}

function send(response: ServerResponse, type: string, body: string | Buffer, status = 200): void {
  response.writeHead(status, { 'Content-Type': type });
  response.end(body);
}

/** Aliases of the pages that are not plain files. `webDir`: where the pages were built. */
export function pageAliases(webDir: string, gatewayUrl: string): Record<string, PageHandler> {
  return {
    'GET config.json': (_request, response) => {
      response.setHeader('Cache-Control', 'no-store');
      const built = builtConfig(webDir);
      const body = { ...built, gatewayUrl: `${gatewayUrl}/v1` };
      send(response, 'application/json', JSON.stringify(body));
    },
    // Without a page of its own a tracking link still shows what there is to see.
    'GET track/:token': (request, response) => {
      const page = join(webDir, 'track.html');
      if (existsSync(page)) {
        response.setHeader('Cache-Control', 'no-cache');
        send(response, 'text/html; charset=utf-8', readFileSync(page));
        return;
      }
      const { url = '' } = request;
      const token = url.slice(url.lastIndexOf('/') + 1).replace(/[^A-Za-z0-9._-]/g, '');
      response.writeHead(302, { Location: `/api/v1/track/${token}` });
      response.end();
    },
  };
}

/** What the build of the pages says (a tile style, perhaps). */
function builtConfig(webDir: string): object {
  try {
    const value: unknown = JSON.parse(readFileSync(join(webDir, 'config.json'), 'utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
