/** The door over Redis. */
import type { Door, DoorOptions } from './door.ts';

export class RedisDoor {
  static async open(options: DoorOptions): Promise<Door> {
    throw new Error(`not connected: ${options.redisUrl}`);
  }
}
