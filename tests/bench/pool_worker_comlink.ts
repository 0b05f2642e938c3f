import { expose } from "comlink";
import { byteLength, countPrimes, same } from "./pool_functions.ts";

expose({ byteLength, countPrimes, same });
