/** Posts how deep values fared in this thread. Works as a web Worker and as one of node:worker_threads. */
import { parentPort } from "node:worker_threads";
import { travelDeep } from "./deep_values.ts";

let outcome = "arrived";
try {
  travelDeep();
} catch (error) {
  outcome = String(error);
}
if (parentPort !== null) parentPort.postMessage(outcome);
else (self as unknown as { postMessage(message: string): void }).postMessage(outcome);
