import { outside } from "../../channels/kernel/acting.ts";
import type { SocketAddress } from "../../channels/link/socket_address.ts";
import type { ConnectOptions } from "../../channels/remote/connect.ts";
import type { Children } from "../supervision/supervisor.ts";
import type { Manager } from "./manager_handle.ts";

/**
 * The manager that another program serves at an address. (Python's `BaseManager.connect`.)
 *
 * - **Objects** are the same as there: what one program changes another sees. Functions that this program gives to
 *   `update` run here.
 * - **Disposing** of it closes the connection, and leaves the manager as it is. What this program held there, locks too,
 *   is released then, as when this program dies.
 * - **A break** of the connection rejects pending and later calls; nothing is repeated silently.
 *
 * @throws {AuthenticationError} If the key is wrong.
 * @throws {DisconnectedError} If nobody is there.
 *
 * @example Two ends of one dict
 * ```ts
 * import { connectManager, manage } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * await using manager = await manage({}, { placement: "inline" });
 * const path = await Deno.makeTempDir() + "/manager";
 * await using listener = await manager.serve({ path }, { authKey: "a secret of both" });
 * const ages = await manager.dict<string, number>({ name: "ages" });
 * await ages.set("Ada", 36);
 * {
 *   await using far = await connectManager({ path }, { authKey: "a secret of both" });
 *   const same = await far.dict<string, number>({ name: "ages" });
 *   assertEquals(await same.increment("Ada", 1), 37);
 * }
 * assertEquals(await ages.get("Ada"), 37);
 * ```
 */
export async function connectManager<C extends Children = Children>(
  address: SocketAddress,
  options: ConnectOptions,
): Promise<Manager<C>> {
  const { obtain } = await outside(() => import("../../channels/remote/offer.ts"));
  const { handle, connection } = await obtain<Manager<C>>(address, options);
  return Object.defineProperty(handle, Symbol.asyncDispose, { value: () => connection.close() });
}
