/**
 * The way to the network: proxies, certificate authorities, and redirects followed with care.
 *
 * @module
 */
import { PackError, UsageError } from "../base/errors.ts";

/** How requests leave this computer. */
export interface NetworkSettings {
  /** A variable of the environment: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`. */
  readonly env: (name: string) => string | undefined;
  /** Address of a proxy for everything, over the environment. */
  readonly proxy?: string | undefined;
  /** File with certificates (PEM) to trust besides the built-in ones, over the environment. */
  readonly caFile?: string | undefined;
}

/** Asks servers. */
export interface Network {
  /**
   * Sends a GET request and follows redirects.
   *
   * @throws {PackError} with code `bad-redirect` when they lead in circles, from https to http, or elsewhere
   */
  get(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response>;
  /** Lets go of connections. */
  close(): void;
}

const MAX_REDIRECTS = 8;

/** The network as `settings` say. @throws {UsageError} when the certificates cannot be read */
export async function openNetwork(settings: NetworkSettings): Promise<Network> {
  const caCerts = await readCertificates(settings.caFile ?? settings.env("SSL_CERT_FILE"));
  const clients = new Map<string, Deno.HttpClient>();
  const clientFor = (url: URL): Deno.HttpClient => {
    const proxy = proxyFor(url, settings) ?? "";
    let client = clients.get(proxy);
    if (client === undefined) {
      try {
        client = Deno.createHttpClient({ caCerts, ...(proxy === "" ? {} : { proxy: { url: proxy } }) });
      } catch (cause) {
        throw new UsageError(`Cannot use proxy ${proxy} or certificates: ${messageOf(cause)}`, { cause });
      }
      clients.set(proxy, client);
    }
    return client;
  };
  return {
    get: async (url, headers, signal) => {
      let at = new URL(url);
      for (let count = 0; count <= MAX_REDIRECTS; count++) {
        const response = await fetch(at, { headers, signal, redirect: "manual", client: clientFor(at) });
        const location = response.headers.get("location");
        if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
        await response.body?.cancel();
        at = redirected(at, location);
      }
      throw redirectError(url, `it is redirected more than ${MAX_REDIRECTS} times`);
    },
    close: () => clients.forEach((client) => client.close()),
  };
}

function redirected(from: URL, location: string): URL {
  let to: URL;
  try {
    to = new URL(location, from);
  } catch {
    throw redirectError(from.href, `it is redirected to ${JSON.stringify(location)}, which is no address`);
  }
  const isSafe = to.protocol === "https:" || (to.protocol === "http:" && from.protocol === "http:");
  if (!isSafe) throw redirectError(from.href, `it is redirected to ${to.href}, which is not secure`);
  return to;
}

function redirectError(url: string, reason: string): PackError {
  return new PackError(`Cannot download ${url}: ${reason}`, { code: "bad-redirect", fields: { url } });
}

/**
 * The proxy for an address; undefined for none. `NO_PROXY` lists hosts and domains that are asked directly.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { proxyFor } from "./download_http.ts";
 *
 * const env = (name: string) =>
 *   ({ https_proxy: "http://proxy:3128", NO_PROXY: "localhost,.corp.example" } as Record<string, string>)[name];
 * assertEquals(proxyFor(new URL("https://www.keil.com/"), { env }), "http://proxy:3128");
 * assertEquals(proxyFor(new URL("https://git.corp.example/"), { env }), undefined);
 * ```
 */
export function proxyFor(url: URL, { env, proxy }: Pick<NetworkSettings, "env" | "proxy">): string | undefined {
  const named = (name: string): string | undefined => env(name) || env(name.toLowerCase()) || undefined;
  const direct = (named("NO_PROXY") ?? "").split(",").map((item) => item.trim().toLowerCase().replace(/^\*?\./, ""));
  const host = url.hostname.toLowerCase();
  if (direct.some((item) => item === "*" || (item !== "" && (host === item || host.endsWith(`.${item}`))))) {
    return undefined;
  }
  return proxy ?? named(url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY") ?? named("ALL_PROXY");
}

async function readCertificates(file: string | undefined): Promise<string[]> {
  if (file === undefined || file === "") return [];
  try {
    return [await Deno.readTextFile(file)];
  } catch (cause) {
    throw new UsageError(`Cannot read certificates from ${file}: ${messageOf(cause)}`, { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
