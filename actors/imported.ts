import { findRegistration, type Registration } from "./definition.ts";
import { importGuarded } from "./start_guard.ts";

/**
 * A definition of this isolate. The module of one that it does not know is imported.
 *
 * @param importer who imports it, for the error
 */
export async function findOrImport(importer: string, moduleUrl: string, name: string): Promise<Registration> {
  let found = findRegistration(moduleUrl, name);
  if (found === undefined) {
    await importGuarded(moduleUrl, () => import(moduleUrl));
    found = findRegistration(moduleUrl, name);
  }
  if (found !== undefined) return found;
  throw new Error(`${moduleUrl} did not register ${name} when ${importer} imported it`);
}
