/** Owns checking messages of the wire against the AsyncAPI document, which is made for people. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

interface AsyncApi {
  readonly components: {
    readonly messages: Readonly<Record<string, { readonly payload: object }>>;
    readonly schemas: Readonly<Record<string, object>>;
  };
}

/** Returns the problems of a JSON message; none when it is as documented. */
export function messageChecker(): (message: unknown) => readonly string[] {
  const url = new URL('../../docs/asyncapi.json', import.meta.url);
  const { components } = JSON.parse(readFileSync(url, 'utf8')) as AsyncApi;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addSchema({ $id: 'wire', components: { schemas: components.schemas } });
  const checks = new Map(
    Object.entries(components.messages).map(([name, { payload }]) => {
      const text = JSON.stringify(payload).replaceAll('"#/components', '"wire#/components');
      return [name, ajv.compile(JSON.parse(text) as object)] as const;
    }),
  );
  return (message) => {
    const type = String((message as { t?: unknown } | null)?.t);
    const check = checks.get(type);
    if (!check) return [`${type} is not documented`];
    if (check(message)) return [];
    return (check.errors ?? []).map((each) => `${type}${each.instancePath} ${each.message ?? ''}`);
  };
}
