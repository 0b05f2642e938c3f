import workerpool from "workerpool";
import { byteLength, countPrimes, same } from "./pool_functions.ts";

workerpool.worker({ byteLength, countPrimes, same });
