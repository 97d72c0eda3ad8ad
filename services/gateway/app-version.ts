/** Versions of apps: numbers with dots, compared part by part. */

/**
 * Whether an app's version is at least `least`. Text around the first number with dots is ignored
 * (`courier/2.4.1 (ios)`); an app that names no version is older than any; `least` empty: any will do.
 */
export function isAtLeast(app: string, least: string): boolean {
  if (least === '') return true;
  const parts = partsOf(app);
  for (const [index, wanted] of partsOf(least).entries()) {
    const part = parts[index] ?? (parts.length === 0 ? -1 : 0);
    if (part !== wanted) return part > wanted;
  }
  return true;
}

function partsOf(text: string): number[] {
  return (/\d+(\.\d+)*/.exec(text)?.[0] ?? '')
    .split('.')
    .flatMap((part) => (part === '' ? [] : Number(part)));
}
