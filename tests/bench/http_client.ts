/** A program that asks a server of this machine, one request after another, and answers with the 99th percentile in ms. */

// @ts-types="@types/d3-array"
import { quantile } from "d3-array";

async function ask(port: number, count: number): Promise<number> {
  using socket = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const buffer = new Uint8Array(4096);
  const decoder = new TextDecoder();
  const tookMs: number[] = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    await socket.write(request);
    for (let text = ""; !text.endsWith("\r\n\r\nok");) {
      const read = await socket.read(buffer);
      if (read === null) throw new Error("The server has hung up");
      text += decoder.decode(buffer.subarray(0, read));
    }
    tookMs.push(performance.now() - began);
  }
  return quantile(tookMs, 0.99)!;
}

if (import.meta.main) {
  console.log("ready");
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const [port, count] = text.trim().split(" ").map(Number);
    console.log(await ask(port, count));
  }
}
