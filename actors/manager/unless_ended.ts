import { ActorExitedError } from "../../channels/errors.ts";
import { isA } from "../../channels/kernel/look.ts";
import type { Contact } from "../contact.ts";
import { actorExited } from "../exited.ts";

/** What a manager answers. Where it has ended, the error says what it was to do for the program, in the program's words. */
export async function unlessEnded<T>(manager: Contact, action: string, answer: PromiseLike<T>): Promise<Awaited<T>> {
  try {
    return await answer;
  } catch (error) {
    if (!isA(error, ActorExitedError) || error.address !== manager.address) throw error;
    throw actorExited(action, manager.name, manager.address, error.exit);
  }
}
