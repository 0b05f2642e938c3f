/**
 * Actors for Deno: threads and subprocesses that talk by message, restart when they fail, and stop when you say so.
 *
 * Each process is an actor in a thread or subprocess with a mailbox; bidirectional channels are pipes. Python's
 * `multiprocessing` has the words, Erlang/OTP the manners: whatever you wait for, you hear of its end.
 *
 * - **Order**: what one sender sends to one receiver arrives in that order; there is none across senders.
 * - **Delivery**: at most once. What was accepted (a resolved `put` or `send`) survives its sender.
 * - **Settling**: every wait on somebody else ends when that one dies, however it died.
 * - **Copies**: a value is a snapshot taken at the call; what cannot travel is an error at the call, never `{}`. What can is
 *   said at {@linkcode NotSerializableError}.
 * - **Handles** (refs, processes, queues, ends of pipes, locks, shared memory) can be sent anywhere, and work there.
 * - **Placement**: a thread unless an option says otherwise; the same in a subprocess and in the program's own isolate.
 *
 * @example A queue between two processes
 * ```ts
 * import { Process, Queue, task } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * async function squares(jobs: Queue<number>, results: Queue<number>): Promise<void> {
 *   for await (const n of jobs) await results.put(n * n);
 * }
 * task(import.meta.url, squares);
 *
 * const jobs = new Queue<number>();
 * const results = new Queue<number>();
 * const p = new Process(squares, [jobs, results], { placement: "inline" });
 * await p.start();
 * await jobs.put(7);
 * assertEquals(await results.get(), 49);
 * await jobs.close();
 * await p.join();
 * ```
 *
 * @module
 */

export { actor, type ActorClass, type Definition, task, type TaskFunction } from "./actors/definition.ts";
export { type ArgsThenOptions, type Handle, spawn, type StartArgs } from "./actors/spawn.ts";
export { warm } from "./actors/warm.ts";
export type { SpawnOptions } from "./actors/spawn_options.ts";
export type { MailboxOptions } from "./actors/inbox.ts";
export type { IsolateOptions, PermissionName, PermissionOptions } from "./actors/isolate_options.ts";
export type { PlacementName } from "./actors/contact.ts";
export type {
  Call,
  Callable,
  CallOptions,
  Calls,
  Casts,
  HookName,
  Instance,
  Ref,
  Reply,
  StopOptions,
} from "./actors/ref.ts";
export type { ActorHooks, Down, ErrorDecision, FailedMessage } from "./actors/hooks.ts";
export { activeChildren, cpuCount, Process, type ProcessOptions } from "./actors/process.ts";
export { Current, current } from "./actors/current.ts";
export type { CallContext } from "./actors/context.ts";
export { Mailbox } from "./actors/mailbox.ts";
export { type Child, child, type ChildOptions, type RestartOptions } from "./actors/supervision/child.ts";
export {
  type Children,
  type Refs,
  supervise,
  type SuperviseOptions,
  type Supervisor,
  supervisor,
} from "./actors/supervision/supervisor.ts";
export type { AutoShutdown, BackoffOptions, RestartType, Strategy } from "./actors/supervision/restart_policy.ts";
export type { SupervisorEvent } from "./actors/supervision/supervisor_actor.ts";
export { Pool } from "./actors/pool/pool.ts";
export type { Submission } from "./actors/pool/submission.ts";
export type { PoolStats } from "./actors/pool/pool_stats.ts";
export type {
  CloseOptions,
  ImapOptions,
  MapOptions,
  PoolOptions,
  PoolProgress,
  RunOptions,
} from "./actors/pool/pool_options.ts";
export { manage, type ManageOptions, manager } from "./actors/manager/manager.ts";
export type { MakeArgs, Manager, SharedBarrierOptions, SharedOptions } from "./actors/manager/manager_handle.ts";
export { connectManager } from "./actors/manager/connect_manager.ts";
export type { SharedPoolOptions } from "./actors/manager/shared_pool_options.ts";
export type { DeepReadonly } from "./actors/manager/frozen.ts";
export type { Key } from "./actors/manager/key.ts";
export { Namespace, type NumberNames } from "./actors/manager/namespace.ts";
export { shareable, type ShareableOptions } from "./actors/manager/shareable.ts";
export { type DictChange, SharedDict } from "./actors/manager/shared_dict.ts";
export { SharedList, type SortOptions } from "./actors/manager/shared_list.ts";
export { SharedSet } from "./actors/manager/shared_set.ts";
export { type Life, watch, type Watchable, type WatchOptions } from "./actors/watch.ts";
export { lookup, register, type RegisterOptions, unregister } from "./actors/names.ts";
export { type DeadLetter, type DeadLetters, deadLetters } from "./actors/dead_letters.ts";
export { inspect } from "./actors/inspection/inspect.ts";
export type {
  ActorReport,
  CallReport,
  Findings,
  Inspection,
  LockCycle,
  LockReport,
  Party,
  QueueReport,
} from "./actors/inspection/report.ts";
export { onExit } from "./actors/on_exit.ts";
export type { ExitHookOptions } from "./actors/exit_hooks.ts";
export { type Ending, ready, select, type Selected, type SelectSource, type Taken } from "./channels/select.ts";
export { asCompleted, type Completed, wait, type Waited, type WaitUntilOptions } from "./channels/results.ts";
export { Lock } from "./channels/sync/lock.ts";
export { RLock } from "./channels/sync/rlock.ts";
export { BoundedSemaphore, Semaphore } from "./channels/sync/semaphore.ts";
export type { LockGuard } from "./channels/sync/lock_guard.ts";
export { Condition } from "./channels/sync/condition.ts";
export { EventFlag } from "./channels/sync/event_flag.ts";
export { Barrier, type BarrierOptions } from "./channels/sync/barrier.ts";
export type { NumberKind, NumberView, Numeric } from "./channels/memory/number_kind.ts";
export { SharedValue } from "./channels/memory/shared_value.ts";
export { SharedArray } from "./channels/memory/shared_array.ts";
export { SharedStruct } from "./channels/memory/shared_struct.ts";
export type { StructFields, StructRecord } from "./channels/memory/struct_layout.ts";
export { SharedMemory, type SharedMemoryOptions } from "./channels/memory/shared_memory.ts";
export { type Shareable, ShareableList } from "./channels/memory/shareable_list.ts";
export { Queue, type QueueOptions } from "./channels/queue.ts";
export type { Producer } from "./channels/producer.ts";
export { JoinableQueue, type JoinableQueueOptions } from "./channels/joinable_queue.ts";
export { pipe, type PipeOptions } from "./channels/pipe.ts";
export type {
  Connection,
  Receiver,
  RecvBytesOptions,
  SendBytesOptions,
  Sender,
  SendOptions,
} from "./channels/connection.ts";
export { listen, type Listener, type ListenOptions } from "./channels/remote/listener.ts";
export { connect, type ConnectOptions } from "./channels/remote/connect.ts";
export type { ReconnectOptions } from "./channels/remote/reconnecting.ts";
export type { QuotaOptions } from "./channels/quota.ts";
export type { AuthKey, ConnectionOptions } from "./channels/remote/connection_options.ts";
export type { ConnectTls, ListenTls, SocketAddress, TcpAddress, UnixAddress } from "./channels/link/socket_address.ts";
export { type Logger, logger, type LogLevel, type LogRecord } from "./channels/kernel/log.ts";
export type { WaitOptions } from "./channels/kernel/wait.ts";
export type { Movable } from "./channels/kernel/packet.ts";
export type { Exit } from "./channels/exit.ts";
export {
  ActorExitedError,
  AuthenticationError,
  BrokenBarrierError,
  BufferTooShortError,
  ClosedError,
  DeadlockError,
  DirectionError,
  DisconnectedError,
  EmptyError,
  FullError,
  MailboxFullError,
  NotOwnerError,
  NotSerializableError,
  PoolClosedError,
  ProtocolError,
  QuotaError,
  RemoteError,
  RestartLimitError,
  StartError,
  TimeoutError,
  TroupeError,
} from "./channels/errors.ts";
