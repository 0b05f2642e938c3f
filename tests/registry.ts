/**
 * A registry on loopback that does of JSR what Deno asks of it: it takes what `deno publish` sends, and serves it. It
 * serves the stand-ins as the packages of @std.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { standIns } from "../.ci/package.ts";
import { root } from "./program.ts";

/** A version of a package that is served. */
interface Published {
  readonly version: string;
  readonly folder: string;
}

export class Registry implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #packages = new Map<string, Published>();
  readonly #folder = Deno.makeTempDirSync({ prefix: "troupe-test-" });

  constructor() {
    for (const member of standIns) {
      const folder = join(root, member);
      const { name, version } = configOf(folder);
      this.#packages.set(name, { version, folder });
    }
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => this.#answer(request));
  }

  /** The variables by which Deno takes it for JSR, and the packages into a cache of its own. */
  get env(): Record<string, string> {
    return { JSR_URL: `http://127.0.0.1:${this.#server.addr.port}/`, DENO_DIR: join(this.#folder, "cache") };
  }

  /** The files that a package has, relative to its root. */
  files(name: string): string[] {
    const { folder } = this.#packages.get(name)!;
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return entries.map(({ parentPath, name }) => relative(folder, join(parentPath, name)).replaceAll("\\", "/"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const publishing = /^\/api\/scopes\/(\w+)\/packages\/(\w+)(?:\/versions\/([\d.]+))?$/.exec(pathname);
    if (publishing !== null) return await this.#publishing(request, publishing);
    const [, name, rest] = /^\/(@\w+\/\w+)\/(.*)$/.exec(pathname) ?? [];
    const found = this.#packages.get(name);
    if (found === undefined) return new Response(null, { status: 404 });
    const { version, folder } = found;
    if (rest === "meta.json") return Response.json({ name, latest: version, versions: { [version]: {} } });
    if (rest === `${version}_meta.json`) {
      const manifest = Object.fromEntries(this.files(name).map((file) => [`/${file}`, entryOf(join(folder, file))]));
      return Response.json({ exports: exportsOf(folder), manifest });
    }
    const file = rest.startsWith(`${version}/`) ? rest.slice(version.length + 1) : "";
    if (!this.files(name).includes(file)) return new Response(null, { status: 404 });
    const headers = { "content-type": file.endsWith(".ts") ? "text/typescript" : "text/plain" };
    return new Response(Deno.readFileSync(join(folder, file)), { headers });
  }

  /** The three questions of `deno publish`: whether the version is there, whether the package is, and the files themselves. */
  async #publishing(request: Request, [, scope, name, version]: readonly string[]): Promise<Response> {
    if (request.method === "POST") {
      const folder = join(this.#folder, name);
      Deno.mkdirSync(folder);
      const tar = new Deno.Command("tar", { args: ["-xz", "-C", folder], stdin: "piped" }).spawn();
      await request.body!.pipeTo(tar.stdin);
      if (!(await tar.status).success) return Response.json({ code: "malformedRequest", message: "" }, { status: 400 });
      this.#packages.set(`@${scope}/${name}`, { version, folder });
      return Response.json({ id: "1", status: "success", error: null });
    }
    if (version === undefined) return Response.json({ scope, name, githubRepository: null });
    return Response.json({ code: "packageVersionNotFound", message: "" }, { status: 404 });
  }
}

function configOf(folder: string): { name: string; version: string; exports: Record<string, string> } {
  return JSON.parse(Deno.readTextFileSync(join(folder, "deno.json")));
}

function exportsOf(folder: string): Record<string, string> {
  return configOf(folder).exports;
}

function entryOf(file: string): { size: number; checksum: string } {
  const bytes = Deno.readFileSync(file);
  return { size: bytes.length, checksum: `sha256-${createHash("sha256").update(bytes).digest("hex")}` };
}
