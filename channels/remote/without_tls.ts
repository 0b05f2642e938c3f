import { whoActs } from "../kernel/acting.ts";
import { hasFewerRights } from "../kernel/address.ts";
import { ask } from "../kernel/ask.ts";
import { isolate } from "../kernel/isolate.ts";
import { logger } from "../kernel/log.ts";
import { root, rootService } from "../kernel/root.ts";
import { singleton } from "../kernel/singleton.ts";
import { isOfThisMachine, showSocketAddress, type SocketAddress } from "../link/socket_address.ts";

const VERB = "first-without-tls";

/** Kept by the program's own isolate for all with its rights; others keep their own. */
const program: { warned: boolean } = singleton("without-tls", () => ({ warned: false }));

rootService(VERB, "all", (request) => {
  request.reply(!program.warned);
  // A sandbox that asks first keeps nobody else from being warned.
  if (!hasFewerRights(request.from.isolate, isolate.id)) program.warned = true;
});

/**
 * Warns of connections that others may read and change on their way, the first time that there can be one in this program.
 *
 * @param action what is done with the address
 */
export async function warnWithoutTls(action: "Listening on" | "Connected to", address: SocketAddress): Promise<void> {
  if (program.warned || isOfThisMachine(address)) return;
  try {
    const lost = () => new Error("The program ends");
    const isFirst = await ask(root(), { holder: whoActs.holder(), verb: VERB, quiet: true, lost });
    program.warned = true;
    if (!isFirst) return;
  } catch {
    // There is nobody left to be warned.
    return;
  }
  const message = `${action} ${
    showSocketAddress(address)
  } without tls: what is sent can be read and changed on its way`;
  logger.log({ level: "warn", event: "without-tls", message });
}
