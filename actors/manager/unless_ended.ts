import { ActorExitedError } from "../../channels/errors.ts";
import { isA } from "../../channels/kernel/look.ts";
import type { Contact } from "../contact.ts";
import { actorExited } from "../exited.ts";

/** A manager's answer. If the manager has ended, the error names the action that the program asked for. */
export async function unlessEnded<T>(manager: Contact, action: string, answer: PromiseLike<T>): Promise<Awaited<T>> {
  try {
    return await answer;
  } catch (error) {
    if (!isA(error, ActorExitedError) || error.address !== manager.address) throw error;
    throw actorExited(action, manager.name, manager.address, error.exit);
  }
}
