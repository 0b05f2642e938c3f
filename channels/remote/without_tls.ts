import { whoActs } from "../kernel/acting.ts";
import { ask } from "../kernel/ask.ts";
import { logger } from "../kernel/log.ts";
import { root, rootService } from "../kernel/root.ts";
import { singleton } from "../kernel/singleton.ts";
import { isOfThisMachine, showSocketAddress, type SocketAddress } from "../link/socket_address.ts";

const VERB = "first-without-tls";

/** Kept by the program's own isolate for all. */
const program: { warned: boolean } = singleton("without-tls", () => ({ warned: false }));

rootService(VERB, "all", (request) => {
  request.reply(!program.warned);
  program.warned = true;
});

/**
 * Warns of connections that others may read and change on their way, the first time that there can be one in this program.
 *
 * @param action what is done with the address
 */
export async function warnWithoutTls(action: "Listening on" | "Connected to", address: SocketAddress): Promise<void> {
  if (isOfThisMachine(address)) return;
  try {
    const lost = () => new Error("The program ends");
    if (!await ask(root(), { holder: whoActs.holder(), verb: VERB, quiet: true, lost })) return;
  } catch {
    // There is nobody left to be warned.
    return;
  }
  const message = `${action} ${
    showSocketAddress(address)
  } without tls: what is sent can be read and changed on its way`;
  logger.log({ level: "warn", event: "without-tls", message });
}
