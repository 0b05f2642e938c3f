/**
 * Every kind of handle there is. Whatever a child's module imports, handles of all kinds may reach it.
 *
 * @module
 */

import "../../channels/joinable_queue.ts";
import "../../channels/memory/shared_array.ts";
import "../../channels/memory/shared_memory.ts";
import "../../channels/memory/shared_struct.ts";
import "../../channels/memory/shared_value.ts";
import "../../channels/memory/shareable_list.ts";
import "../../channels/pipe.ts";
import "../../channels/queue.ts";
import "../../channels/remote/remote_connection.ts";
import "../../channels/sync/barrier.ts";
import "../../channels/sync/condition.ts";
import "../../channels/sync/event_flag.ts";
import "../../channels/sync/lock.ts";
import "../../channels/sync/rlock.ts";
import "../../channels/sync/semaphore.ts";
import "../manager/changes.ts";
import "../manager/instance.ts";
import "../manager/manager_handle.ts";
import "../manager/named.ts";
import "../manager/namespace.ts";
import "../manager/shared_dict.ts";
import "../manager/shared_list.ts";
import "../manager/shared_set.ts";
import "../pool/pool.ts";
import "../process.ts";
import "../supervision/supervisor.ts";
