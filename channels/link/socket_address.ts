import { join } from "node:path";
import { checkOptions, type OptionNames } from "../kernel/options.ts";
import { explained } from "./system_error.ts";

/** The path of a Unix socket. */
export interface UnixAddress {
  /** Where the socket is in the file system. */
  readonly path: string;
}

/** A host and port. */
export interface TcpAddress {
  /** A name or number; 127.0.0.1 when left out, which only programs of this machine can reach. */
  readonly hostname?: string | undefined;
  /** From 1 to 65,535; 0 lets the system choose one to listen on. */
  readonly port: number;
}

/** Where a program listens. */
export type SocketAddress = UnixAddress | TcpAddress;

const ADDRESS: OptionNames<UnixAddress & TcpAddress> = { path: true, hostname: true, port: true };

/** The certificate that a listener shows, as `Deno.listenTls` takes it. */
export interface ListenTls {
  /** The certificate chain, in PEM. */
  readonly cert: string;
  /** Its private key, in PEM. */
  readonly key: string;
}

/** The names of `ListenTls`. */
export const LISTEN_TLS: OptionNames<ListenTls> = { cert: true, key: true };

/** Which certificates to trust, as `Deno.connectTls` takes them. */
export interface ConnectTls {
  /** Certificates to trust beside those of the system, in PEM. */
  readonly caCerts?: readonly string[] | undefined;
}

/** The names of `ConnectTls`. */
export const CONNECT_TLS: OptionNames<ConnectTls> = { caCerts: true };

/** A socket that is listened on. */
export interface Listening {
  readonly sockets: Deno.Listener;
  /** What to connect to. */
  readonly address: SocketAddress;
  /** The same as the system has it: a number in place of a name. */
  readonly bound: SocketAddress;
  /** Closes it, and removes what was made for it. */
  close(): void;
}

const LOOPBACK = "127.0.0.1";
/** So many connections may wait for a program to accept them, as far as the system keeps that many. */
const BACKLOG = 4096;
/** After so long a connection to a Unix socket is tried again for which the system had no room. */
const AGAIN_MS = 10;

/**
 * Checks an address.
 *
 * @throws {TypeError} If it is none.
 * @throws {RangeError} If the port cannot be one.
 */
export function checkAddress(action: string, address: SocketAddress): SocketAddress {
  const given = (address ?? {}) as { path?: unknown; hostname?: unknown; port?: unknown };
  const { path, hostname = LOOPBACK, port } = given;
  if (typeof given === "object") checkOptions(action, given as UnixAddress & TcpAddress, ADDRESS, "address");
  if (typeof path === "string" && path !== "" && port === undefined) {
    // As in Python, what names a pipe of Windows is no path here.
    if (path.startsWith("\\\\")) throw new TypeError(`Cannot ${action}: ${path} is no path of a Unix socket`);
    return { path };
  }
  if (typeof port !== "number" || typeof hostname !== "string" || path !== undefined) {
    throw new TypeError(`Cannot ${action}: the address must be { path } or { hostname, port }`);
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`Cannot ${action}: port must be a whole number from 0 to 65535, not ${port}`);
  }
  return { hostname, port };
}

/** An address as people read it. */
export function showSocketAddress(address: SocketAddress): string {
  return "path" in address ? address.path : `${address.hostname}:${address.port}`;
}

/**
 * Listens on an address; on a Unix socket in a folder of its own, which nobody else can enter, when there is none.
 *
 * @throws {Deno.errors.AddrInUse} If somebody listens there.
 */
export async function openListening(
  address: SocketAddress | undefined,
  tls: ListenTls | undefined,
): Promise<Listening> {
  openSignals();
  if (address === undefined) return await listenPrivately();
  try {
    return await listenOn(address, tls);
  } catch (error) {
    throw explained(`listen on ${showSocketAddress(address)}`, error);
  }
}

/**
 * Deno opens two files for signals when it first needs them, half a second after its start, and panics if it can open none.
 * It needs them now, before clients could have taken all.
 */
function openSignals(): void {
  if (Deno.build.os === "windows") return;
  const nothing = () => {};
  Deno.addSignalListener("SIGWINCH", nothing);
  Deno.removeSignalListener("SIGWINCH", nothing);
}

async function listenOn(address: SocketAddress, tls: ListenTls | undefined): Promise<Listening> {
  if ("path" in address) return listening(await listenOnPath(address.path), address);
  const { hostname = LOOPBACK, port } = address;
  const sockets: Deno.Listener = tls === undefined
    ? Deno.listen({ hostname, port, tcpBacklog: BACKLOG })
    : Deno.listenTls({ hostname, port, tcpBacklog: BACKLOG, cert: tls.cert, key: tls.key });
  const bound = sockets.addr as Deno.NetAddr;
  return listening(sockets, { hostname, port: bound.port }, bound);
}

/** Connects to an address. Rejects as Deno does, when nobody listens there. The signal stops the attempt. */
export async function dial(
  address: SocketAddress,
  tls: ConnectTls | undefined,
  signal: AbortSignal,
): Promise<Deno.Conn> {
  if ("path" in address) return await dialPath(address.path, signal);
  const { hostname = LOOPBACK, port } = address;
  if (tls !== undefined) return await Deno.connectTls({ hostname, port, caCerts: [...tls.caCerts ?? []] });
  return withoutDelay(await Deno.connect({ hostname, port, signal }));
}

/** Over TCP the system lets a client wait that comes when too many do; on a Unix socket it has to come again. */
async function dialPath(path: string, signal: AbortSignal): Promise<Deno.Conn> {
  while (true) {
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
    }
    await new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, AGAIN_MS)));
    signal.throwIfAborted();
  }
}

/** Takes the next who connects. */
export async function acceptNext({ sockets }: Listening): Promise<Deno.Conn> {
  return withoutDelay(await sockets.accept());
}

/** Where the other side of an accepted socket is. */
export function remoteAddress(socket: Deno.Conn): SocketAddress {
  const address = socket.remoteAddr;
  return "hostname" in address ? { hostname: address.hostname, port: address.port } : { path: "" };
}

/**
 * The key by which clients are counted: an IPv4 address, also where it is written as IPv6; of an IPv6 address the first
 * half, since its owner chooses the other half. A Unix socket has none.
 */
export function networkOf(address: SocketAddress): string {
  if ("path" in address) return "";
  const hostname = hostOf(address);
  if (!hostname.includes(":")) return hostname;
  const [head, tail] = hostname.split("::").map((part) => part === "" ? [] : part.split(":"));
  const zeros = tail === undefined ? [] : new Array<string>(8 - head.length - tail.length).fill("0");
  return [...head, ...zeros, ...tail ?? []].slice(0, 4).join(":");
}

/** Its host, an IPv4 address as such also where it is written as one of IPv6. */
function hostOf({ hostname = LOOPBACK }: TcpAddress): string {
  return hostname.replace(/^::ffff:(?=.*\.)/, "");
}

/** Whether only programs of this machine can be at the other side of it. */
export function isOfThisMachine(address: SocketAddress): boolean {
  return "path" in address || /^(127(\.\d+){3}|::1|localhost)$/.test(hostOf(address));
}

async function listenPrivately(): Promise<Listening> {
  const folder = await Deno.makeTempDir({ prefix: "troupe-" });
  const path = join(folder, "s");
  const sockets = Deno.listen({ transport: "unix", path }) as unknown as Deno.Listener;
  const remove = () => Deno.removeSync(folder, { recursive: true });
  // A program may end without closing anything.
  globalThis.addEventListener("unload", remove);
  const close = () => {
    globalThis.removeEventListener("unload", remove);
    sockets.close();
    remove();
  };
  return { sockets, address: { path }, bound: { path }, close };
}

async function listenOnPath(path: string): Promise<Deno.Listener> {
  const open = () => Deno.listen({ transport: "unix", path }) as unknown as Deno.Listener;
  try {
    return open();
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse) || !await isLeftBehind(path)) throw error;
    await Deno.remove(path);
    return open();
  }
}

/** Whether a program that was killed has left a socket there. A file, or a link to anything, is somebody's. */
async function isLeftBehind(path: string): Promise<boolean> {
  try {
    if (!(await Deno.lstat(path)).isSocket) return false;
    (await Deno.connect({ transport: "unix", path })).close();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionRefused;
  }
}

function listening(sockets: Deno.Listener, address: SocketAddress, bound: SocketAddress = address): Listening {
  return { sockets, address, bound, close: () => sockets.close() };
}

/** Else a small frame waits for the acknowledgement of the one before it. */
export function withoutDelay(socket: Deno.Conn): Deno.Conn {
  if ("setNoDelay" in socket) (socket as Deno.TcpConn).setNoDelay(true);
  return socket;
}
