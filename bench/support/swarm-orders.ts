/** What a generator can be told to do, and what it answers. */
export type SwarmOrder =
  | {
      readonly do: 'connect';
      readonly kind: 'driver' | 'customer' | 'silent';
      readonly port: number;
      /** Number of its first socket; it is driver, customer or nobody of that number. */
      readonly first: number;
      readonly count: number;
    }
  /** Drivers send frames, each at its intended time, spread evenly over the period. */
  | {
      readonly do: 'drive';
      readonly seconds: number;
      readonly periodMs: number;
      /** Points in a frame, one each period ÷ points, the newest at the intended time. */
      readonly points: number;
    }
  /** Customers note how old each position is that reaches them. */
  | { readonly do: 'watch'; readonly seconds: number }
  /**
   * Every so manieth customer stops reading, then asks for so many answers: its pipe fills. It is
   * left out of what is measured from then on.
   */
  | { readonly do: 'pause'; readonly every: number; readonly answers: number };

export interface SwarmReply {
  readonly error: string | null;
  /** Actual minus intended time of sending, ms. */
  readonly lags: readonly number[];
  /** Arrival minus time of fix, ms. */
  readonly latencies: readonly number[];
  readonly sent: number;
  readonly received: number;
  readonly closed: number;
}
