/** Tells what a file is from its first bytes: only types that a browser cannot run. Pure. */

/** As many bytes as any of them needs. */
export const SNIFF_BYTES = 16;

function startsWith(head: Uint8Array, text: string, at = 0): boolean {
  return [...text].every((letter, index) => head[at + index] === letter.charCodeAt(0));
}

/** The content type, or undefined for everything we do not take. */
export function sniff(head: Uint8Array): string | undefined {
  if (startsWith(head, '\xff\xd8\xff')) return 'image/jpeg';
  if (startsWith(head, '\x89PNG\r\n\x1a\n')) return 'image/png';
  if (startsWith(head, 'RIFF') && startsWith(head, 'WEBP', 8)) return 'image/webp';
  if (startsWith(head, '%PDF-')) return 'application/pdf';
  return undefined;
}
