/** What only programs that talk to others need; it takes longer to load than all the rest. */
export interface Protocol {
  readonly ciphers: typeof import("node:crypto");
  readonly handshake: typeof import("./handshake.ts");
}

/** Loads it. */
export async function loadProtocol(): Promise<Protocol> {
  const [ciphers, handshake] = await Promise.all([import("node:crypto"), import("./handshake.ts")]);
  return { ciphers, handshake };
}
