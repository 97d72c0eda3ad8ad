/** Owns questions about TCP ports of this machine. Only ever looks at 127.0.0.1. */
import { createServer } from 'node:net';

/** Whether nothing listens on the port now; another program may still take it a moment later. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.unref();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Ports that were free when asked, all different: they are held open until the last one is known. */
export async function findFreePorts(count: number): Promise<number[]> {
  const probes = await Promise.all(
    Array.from({ length: count }, async () => {
      const probe = createServer();
      await new Promise<void>((resolve, reject) => {
        probe.once('error', reject);
        probe.listen({ port: 0, host: '127.0.0.1', exclusive: true }, resolve);
      });
      return probe;
    }),
  );
  const ports = probes.map((probe) => {
    const address = probe.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP probe has a port');
    return address.port;
  });
  await Promise.all(
    probes.map((probe) => new Promise<void>((resolve) => probe.close(() => resolve()))),
  );
  return ports;
}

/** One port that was free when asked. */
export async function findFreePort(): Promise<number> {
  const [port] = await findFreePorts(1);
  if (port === undefined) throw new Error('asked for one port');
  return port;
}
