/**
 * Owns a stand-in for a Waggle process: it answers its readiness check with its pid, and ends when
 * told to. With `--crash` it never gets that far; with `--deaf` it ignores SIGTERM.
 */
import { createServer } from 'node:http';

const [port = '0', mode] = process.argv.slice(2);
if (mode === '--crash') {
  process.stderr.write('the reason of the crash\n');
  process.exit(3);
}
process.on('SIGTERM', () => {
  if (mode !== '--deaf') process.exit(0);
});
createServer((_request, response) => response.end(String(process.pid))).listen(
  Number(port),
  '127.0.0.1',
);
