/**
 * Packs made in memory, and a server of packs on this computer that misbehaves on request.
 *
 * @module
 */
import { makeZip } from "../../lib/pack/bundle_zip.ts";

const DEMO = new URL("../../scripts/demo/Tapir.Demo_DFP/", import.meta.url);

/** Text of a description with one device per name. */
export function pdscText(vendor: string, name: string, version: string, devices: readonly string[], url = ""): string {
  const list = devices.map((device) =>
    `<device Dname="${device}"><memory name="FLASH" access="rx" start="0x08000000" size="0x10000" startup="1"/>` +
    `<memory name="RAM" access="rwx" start="0x20000000" size="0x4000" default="1"/></device>`
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<package schemaVersion="1.7.7"><vendor>${vendor}</vendor>` +
    `<name>${name}</name><url>${url}</url><releases><release version="${version}">x</release></releases>` +
    `<devices><family Dfamily="Family" Dvendor="${vendor}:1"><processor Dcore="Cortex-M4"/>${list.join("")}` +
    `</family></devices></package>`;
}

/** Bytes without a pattern, always the same. */
export function noiseBytes(length: number): Uint8Array<ArrayBuffer> {
  let state = 1;
  return Uint8Array.from({ length }, () => (state = Math.imul(state, 1664525) + 1013904223 | 0) >>> 24);
}

/** A pack of one description. */
export async function makePack(
  vendor: string,
  name: string,
  version: string,
  devices: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> {
  const data = new TextEncoder().encode(pdscText(vendor, name, version, devices));
  // What does not compress, so that a download takes more than one piece.
  const noise = noiseBytes(40_000);
  return await makeZip([{ name: `${vendor}.${name}.pdsc`, data }, { name: "noise.bin", data: noise }]);
}

/** The pack of the demonstration, and its description. */
export async function demoPack(): Promise<{ pack: Uint8Array<ArrayBuffer>; pdsc: Uint8Array }> {
  const names = ["Tapir.Demo_DFP.pdsc", "STM32F4_demo.FLM"];
  const files = names.map((name) => ({ name, data: Deno.readFileSync(new URL(name, DEMO)) }));
  return { pack: await makeZip(files), pdsc: files[0]!.data };
}

/** Text of an index. */
export function pidxText(
  packs: readonly { vendor: string; name: string; version: string; url: string; extra?: string }[],
  vendors: readonly { vendor: string; url: string }[] = [],
): string {
  const list = packs.map(({ vendor, name, version, url, extra = "" }) =>
    `<pdsc url="${url}" vendor="${vendor}" name="${name}" version="${version}" ${extra}/>`
  );
  const more = vendors.map(({ vendor, url }) => `<pidx url="${url}" vendor="${vendor}"/>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<index schemaVersion="1.1.0"><vendor>Test</vendor><url>x</url>` +
    `<timestamp>2024-01-01T00:00:00</timestamp><vindex>${more.join("")}</vindex><pindex>${
      list.join("")
    }</pindex></index>`;
}

/** What a server does for one path. */
export type Answer = (request: Request, count: number) => Response | Promise<Response>;

/** A running server. */
export interface PackServer {
  /** Its address, with a slash at the end. */
  readonly url: string;
  /** What was asked for: method and path, in order. */
  readonly requests: { readonly path: string; readonly headers: Headers }[];
  /** What it does for each path; others are answered with 404. */
  readonly answers: Map<string, Answer>;
  /** Stops it. */
  close(): Promise<void>;
}

/** Starts a server on this computer. */
export function startServer(): PackServer {
  const requests: PackServer["requests"] = [];
  const answers = new Map<string, Answer>();
  const counts = new Map<string, number>();
  const stop = new AbortController();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen: () => {} }, (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname).slice(1);
    requests.push({ path, headers: request.headers });
    const count = counts.get(path) ?? 0;
    counts.set(path, count + 1);
    return answers.get(path)?.(request, count) ?? new Response("not here", { status: 404 });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    requests,
    answers,
    close: async () => {
      stop.abort();
      await server.finished;
    },
  };
}

/** Serves a file as web servers do: with ETag, conditions and ranges. */
export function fileAnswer(bytes: Uint8Array<ArrayBuffer> | string, etag = '"v1"'): Answer {
  const data = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  return ({ headers }) => {
    if (headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers: { etag } });
    const from = Number(/^bytes=(\d+)-$/.exec(headers.get("range") ?? "")?.[1] ?? "0");
    if (from > 0 && headers.get("if-range") === etag) {
      const range = `bytes ${from}-${data.length - 1}/${data.length}`;
      return new Response(data.slice(from), { status: 206, headers: { etag, "content-range": range } });
    }
    return new Response(data, { headers: { etag, "content-length": String(data.length) } });
  };
}

/** Sends the first `length` bytes and then nothing, until the client or the test gives up. */
export function stallAnswer(bytes: Uint8Array<ArrayBuffer>, length: number, etag = '"v1"'): Answer {
  return () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes.slice(0, length)),
    });
    return new Response(body, { headers: { etag } });
  };
}

/** Sends the first `length` bytes of all it announces, and ends once they are on their way. */
export function cutAnswer(bytes: Uint8Array<ArrayBuffer>, length: number, etag = '"v1"'): Answer {
  return () => {
    const chunks = [bytes.slice(0, length - 1), bytes.slice(length - 1, length)];
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const chunk = chunks.shift();
        if (chunk !== undefined) return controller.enqueue(chunk);
        // Some servers drop what they have not sent yet when the body ends early.
        await new Promise((resolve) => setTimeout(resolve, 20));
        controller.close();
      },
    }, { highWaterMark: 0 });
    return new Response(body, { headers: { etag, "content-length": String(bytes.length) } });
  };
}
