/** What a pool has done and is doing. */
export interface PoolStats {
  /** How many workers it has at most. */
  readonly size: number;
  /** How many live, those that are starting included. */
  readonly workers: number;
  /** How many of them have something to do. */
  readonly busy: number;
  /** Calls and chunks that no worker has yet. */
  readonly queued: number;
  /** Calls and items that were done, those that failed included. */
  readonly done: number;
  /** Calls and items that threw, or were lost with their worker. */
  readonly failed: number;
  /** How many workers have been started since the pool was made. */
  readonly started: number;
}
