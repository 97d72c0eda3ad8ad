/** Owns the text of docs/configuration.md, made from the table; a test keeps file and table equal. */
import { schema } from './schema.ts';
import { describe, type Variable } from './variable.ts';

/** The whole page as Markdown. */
export function configurationPage(): string {
  const rows = Object.entries(schema).map(([name, variable]: [string, Variable]) => {
    const cells = [`\`${name}\``, describe(variable), defaultText(variable), variable.description];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return `# Configuration

Everything comes from the environment, is read once at start, and is checked as a whole: a process
that finds a problem names every variable that has one and does not start. \`npm start\` sets all of
them by itself. This page is generated from \`config/schema.ts\`: \`node config/write-page.ts\`.

| variable | expected | default | what it does |
|---|---|---|---|
${rows.join('\n')}

The launcher alone also reads \`WAGGLE_STATE_DIR\` (default \`.waggle\` in the checkout): where the private
Redis and PostgreSQL, secrets and logs live.
`;
}

function defaultText(variable: Variable): string {
  if (variable.default === undefined) return '**must be set**';
  if (variable.default === null) return 'unset';
  return variable.default === '' ? 'empty' : `\`${variable.default}\``;
}
