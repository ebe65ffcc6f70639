/** Downloads from a server that stalls, truncates, redirects and lies. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { hexBytes } from "../lib/base/bytes.ts";
import { VirtualClock } from "../lib/base/clock.ts";
import { InterruptedError, PackError, TapirError, TimeoutError } from "../lib/base/errors.ts";
import type { Progress } from "../lib/base/events.ts";
import { downloadFile, type FileRequest } from "../lib/pack/download_file.ts";
import { type Network, openNetwork } from "../lib/pack/download_http.ts";
import { Lanes } from "../lib/pack/download_lanes.ts";
import type { DownloadLimits } from "../lib/pack/download_stall.ts";
import { type DownloadParts, PackDownloads } from "../lib/pack/download_packs.ts";
import { PackStore } from "../lib/pack/store.ts";
import {
  cutAnswer,
  demoPack,
  fileAnswer,
  makePack,
  noiseBytes,
  type PackServer,
  pidxText,
  stallAnswer,
  startServer,
} from "./support/pack_server.ts";
import { sharedData, why } from "./support/shared_data.ts";

const LIMITS: DownloadLimits = { tries: 3, backoffMs: 10, stallMs: 150, wholeMs: 5000 };
const DATA = noiseBytes(100_000);

interface Bench {
  readonly server: PackServer;
  readonly network: Network;
  readonly directory: string;
  readonly clock: VirtualClock;
  get(path: string, more?: Partial<FileRequest>): ReturnType<typeof downloadFile>;
  names(): string[];
}

async function withBench(work: (bench: Bench) => Promise<void>, env: Record<string, string> = {}): Promise<void> {
  const directory = Deno.makeTempDirSync();
  const server = startServer();
  const network = await openNetwork({ env: (name) => env[name] });
  const clock = new VirtualClock();
  try {
    await work({
      server,
      network,
      directory,
      clock,
      get: (path, more = {}) =>
        downloadFile(
          { url: server.url + path, path: `${directory}/${path}`, maxBytes: 1 << 20, ...more },
          network,
          clock,
          LIMITS,
        ),
      names: () => [...Deno.readDirSync(directory)].map(({ name }) => name).sort(),
    });
  } finally {
    network.close();
    await server.close();
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("downloadFile() puts a file in place and leaves nothing beside it", () =>
  withBench(async ({ server, directory, get, names }) => {
    server.answers.set("a.pack", fileAnswer(DATA));
    const seen: (readonly [number, number])[] = [];
    const outcome = await get("a.pack", { progress: (done, total) => seen.push([done, total]) });
    assertEquals(outcome, { status: "new", received: DATA.length, etag: '"v1"' });
    assertEquals(Deno.readFileSync(`${directory}/a.pack`), DATA);
    assertEquals(names(), ["a.pack"]);
    assertEquals(seen.at(-1), [DATA.length, DATA.length]);
  }));

Deno.test("downloadFile() downloads nothing when the server still has what is at hand", () =>
  withBench(async ({ server, get }) => {
    server.answers.set("a.pack", fileAnswer(DATA));
    await get("a.pack");
    const again = await get("a.pack", { known: { etag: '"v1"' } });
    assertEquals([again.status, again.received], ["unchanged", 0]);
    server.answers.set("a.pack", fileAnswer(DATA.slice(0, 10), '"v2"'));
    assertEquals((await get("a.pack", { known: { etag: '"v1"' } })).received, 10);
  }));

Deno.test("downloadFile() resumes where a broken connection ended", () =>
  withBench(async ({ server, directory, get }) => {
    const whole = fileAnswer(DATA);
    server.answers.set("a.pack", (request, count) => (count === 0 ? cutAnswer(DATA, 60_000) : whole)(request, count));
    const outcome = await get("a.pack");
    assertEquals(Deno.readFileSync(`${directory}/a.pack`), DATA);
    assertEquals(server.requests[1]!.headers.get("range"), "bytes=60000-");
    assertEquals(outcome.received, DATA.length);
  }));

Deno.test("downloadFile() begins again when the file changed between two tries", () =>
  withBench(async ({ server, directory, get }) => {
    const other = DATA.slice().reverse();
    server.answers.set(
      "a.pack",
      (request, count) => (count === 0 ? cutAnswer(DATA, 60_000) : fileAnswer(other, '"v2"'))(request, count),
    );
    await get("a.pack");
    assertEquals(Deno.readFileSync(`${directory}/a.pack`), other);
  }));

Deno.test("downloadFile() gives up a server that stalls, and keeps what came for the next time", () =>
  withBench(async ({ server, directory, clock, get, names }) => {
    server.answers.set("a.pack", stallAnswer(DATA, 30_000));
    const error = await assertRejects(() => get("a.pack"), TimeoutError, "nothing came for 150 ms");
    assertEquals(error.exitCode, 6);
    assertEquals([server.requests.length, clock.now()], [3, 30]);
    assertEquals(names(), ["a.pack.part", "a.pack.part.json"]);
    server.answers.set("a.pack", fileAnswer(DATA));
    assertEquals((await get("a.pack")).received, DATA.length - 30_000);
    assertEquals(Deno.readFileSync(`${directory}/a.pack`), DATA);
    assertEquals(names(), ["a.pack"]);
  }));

Deno.test("downloadFile() gives up a server that dribbles for ever", () =>
  withBench(async ({ server, network, directory, clock }) => {
    let timer: ReturnType<typeof setInterval> | undefined;
    server.answers.set("a.pack", () =>
      new Response(
        new ReadableStream<Uint8Array>({
          start: (controller) => {
            timer = setInterval(() => controller.enqueue(Uint8Array.of(1)), 20);
          },
          cancel: () => clearInterval(timer),
        }),
      ));
    const limits = { tries: 1, backoffMs: 1, stallMs: 5000, wholeMs: 200 };
    const request = { url: `${server.url}a.pack`, path: `${directory}/a.pack`, maxBytes: 1000 };
    await assertRejects(() => downloadFile(request, network, clock, limits), TimeoutError, "not done after 200 ms");
    clearInterval(timer);
  }));

Deno.test("downloadFile() tries again after errors of the server, as patiently as it asks", () =>
  withBench(async ({ server, clock, get }) => {
    const whole = fileAnswer(DATA);
    server.answers.set(
      "a.pack",
      (request, count) =>
        count === 0
          ? new Response("busy", { status: 503, headers: { "retry-after": "2" } })
          : count === 1
          ? new Response("oops", { status: 500 })
          : whole(request, count),
    );
    assertEquals((await get("a.pack")).status, "new");
    assertEquals(clock.now(), 2000 + 20);
  }));

for (
  const [status, words] of [[404, "does not have it"], [403, "forbids"], [401, "login"], [410, "gone"]] as const
) {
  Deno.test(`downloadFile() asks once when the answer is ${status}`, () =>
    withBench(async ({ server, get, names }) => {
      server.answers.set("a.pack", () => new Response("", { status }));
      const error = await assertRejects(() => get("a.pack"), PackError, words);
      assertEquals([error.code, server.requests.length], [`http-${status}`, 1]);
      assertEquals(names(), []);
    }));
}

Deno.test("downloadFile() gives up after errors of the server at every try", () =>
  withBench(async ({ server, get }) => {
    server.answers.set("a.pack", () => new Response("", { status: 500 }));
    await assertRejects(() => get("a.pack"), PackError, "status 500");
    assertEquals(server.requests.length, 3);
  }));

Deno.test("downloadFile() follows redirects, but not in circles", () =>
  withBench(async ({ server, directory, get }) => {
    server.answers.set("a.pack", () => Response.redirect(`${server.url}b.pack`, 302));
    server.answers.set("b.pack", fileAnswer(DATA));
    await get("a.pack");
    assertEquals(Deno.readFileSync(`${directory}/a.pack`), DATA);
    server.answers.set("c.pack", () => Response.redirect(`${server.url}c.pack`, 302));
    const error = await assertRejects(() => get("c.pack"), PackError, "redirected more than 8 times");
    assertEquals([error.code, server.requests.filter(({ path }) => path === "c.pack").length], ["bad-redirect", 9]);
    server.answers.set("d.pack", () => new Response("", { status: 302, headers: { location: "file:///etc/passwd" } }));
    await assertRejects(() => get("d.pack"), PackError, "which is not secure");
  }));

Deno.test("downloadFile() refuses sizes and hashes that are not those of the index", () =>
  withBench(async ({ server, get, names }) => {
    server.answers.set("a.pack", fileAnswer(DATA));
    await assertRejects(() => get("a.pack", { size: 5 }), PackError, "the index says 5 bytes, the server has 100000");
    await assertRejects(() => get("a.pack", { maxBytes: 1000 }), PackError, "more than the limit of 1000");
    await assertRejects(() => get("a.pack", { sha256: "0".repeat(64) }), PackError, "SHA-256");
    assertEquals(names(), []);
    const digest = hexBytes(new Uint8Array(await crypto.subtle.digest("SHA-256", DATA)));
    assertEquals((await get("a.pack", { sha256: digest, size: DATA.length })).status, "new");
  }));

Deno.test("downloadFile() refuses a body that goes on after the limit without saying so", () =>
  withBench(async ({ server, get, names }) => {
    server.answers.set("a.pack", () => {
      const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(1000)) });
      return new Response(body);
    });
    await assertRejects(() => get("a.pack", { maxBytes: 5000 }), PackError, "it goes on after 5000 bytes");
    assertEquals(names(), []);
  }));

Deno.test("downloadFile() stops at once when it is told to", () =>
  withBench(async ({ server, get }) => {
    const stop = new AbortController();
    server.answers.set("a.pack", stallAnswer(DATA, 10));
    const work = get("a.pack", { signal: stop.signal, progress: () => stop.abort() });
    await assertRejects(() => work, InterruptedError);
    assertEquals(server.requests.length, 1);
  }));

Deno.test("downloadFile() says what to check when nobody listens", () =>
  withBench(async ({ network, directory, clock }) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const request = { url: `http://127.0.0.1:${port}/a.pack`, path: `${directory}/a.pack`, maxBytes: 10 };
    const error = await assertRejects(() => downloadFile(request, network, clock, LIMITS), PackError);
    assertStringIncludes(error.hint!, "HTTPS_PROXY");
  }));

Deno.test("openNetwork() asks through the proxy of the environment, but not for hosts that are excepted", async () => {
  const proxy = startServer();
  proxy.answers.set("a.pack", () => new Response("from the proxy"));
  const env: Record<string, string> = { HTTP_PROXY: proxy.url, NO_PROXY: "127.0.0.1" };
  await withBench(async ({ server, network }) => {
    server.answers.set("a.pack", () => new Response("direct"));
    const signal = new AbortController().signal;
    assertEquals(await (await network.get("http://packs.example/a.pack", {}, signal)).text(), "from the proxy");
    assertEquals(await (await network.get(`${server.url}a.pack`, {}, signal)).text(), "direct");
  }, env);
  await proxy.close();
});

function openssl(...args: string[]): boolean {
  try {
    return new Deno.Command("openssl", { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Makes a certificate for this computer that nobody else trusts. */
function selfSigned(directory: string): { cert: string; key: string } {
  const [key, cert] = [`${directory}/key.pem`, `${directory}/cert.pem`];
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  args.push(
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost",
    "-addext",
    "basicConstraints=CA:FALSE",
  );
  assert(openssl(...args, "-keyout", key, "-out", cert));
  return { cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key) };
}

const hasOpenssl = openssl("version");

Deno.test({
  name: `openNetwork() trusts certificates it is told to trust, and no others${
    hasOpenssl ? "" : " (ignored: there is no openssl)"
  }`,
  ignore: !hasOpenssl,
  fn: async () => {
    const certificates = Deno.makeTempDirSync();
    const stop = new AbortController();
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, ...selfSigned(certificates), signal: stop.signal, onListen: () => {} },
      () => new Response("secret"),
    );
    const url = `https://localhost:${server.addr.port}/`;
    const signal = new AbortController().signal;
    const plain = await openNetwork({ env: () => undefined });
    const error = await assertRejects(() => plain.get(url, {}, signal)) as Error;
    assertStringIncludes(`${error.message} ${error.cause}`, "ertificate");
    const trusting = await openNetwork({ env: () => undefined, caFile: `${certificates}/cert.pem` });
    assertEquals(await (await trusting.get(url, {}, signal)).text(), "secret");
    plain.close();
    trusting.close();
    stop.abort();
    await server.finished;
    Deno.removeSync(certificates, { recursive: true });
  },
});

Deno.test("openNetwork() says which certificates it cannot read", async () => {
  const error = await assertRejects(() => openNetwork({ env: () => undefined, caFile: "/no/such.pem" }), TapirError);
  assertStringIncludes(error.message, "/no/such.pem");
});

Deno.test("Lanes keeps to its limits and to the order", async () => {
  const lanes = new Lanes({ total: 3, perHost: 2 });
  const active = new Map<string, number>();
  let [most, mostOfOne] = [0, 0];
  const order: number[] = [];
  const job = (host: string, id: number) =>
    lanes.run(host, async () => {
      order.push(id);
      active.set(host, (active.get(host) ?? 0) + 1);
      most = Math.max(most, [...active.values()].reduce((a, b) => a + b));
      mostOfOne = Math.max(mostOfOne, active.get(host)!);
      await Promise.resolve();
      active.set(host, active.get(host)! - 1);
    });
  await Promise.all([job("a", 1), job("a", 2), job("a", 3), job("b", 4), job("a", 5)]);
  assertEquals([most, mostOfOne], [3, 2]);
  assertEquals(order, [1, 2, 4, 3, 5]);
});

interface StoreBench extends Bench {
  readonly store: PackStore;
  readonly downloads: (more?: Partial<DownloadParts>) => PackDownloads;
}

function withStore(work: (bench: StoreBench) => Promise<void>): Promise<void> {
  return withBench(async (bench) => {
    const store = new PackStore(`${bench.directory}/root`);
    const { network, clock, server } = bench;
    const downloads = (more: Partial<DownloadParts> = {}) =>
      new PackDownloads({ store, network, clock, limits: LIMITS, mirror: server.url, ...more });
    await work({ ...bench, store, downloads });
  });
}

Deno.test("PackDownloads fetches index, description and pack once, and asks with conditions after that", () =>
  withStore(async ({ server, store, downloads }) => {
    const { pack, pdsc } = await demoPack();
    const entry = { vendor: "Tapir", name: "Demo_DFP", version: "1.0.0", url: `${server.url}packs/` };
    server.answers.set("index.pidx", fileAnswer(pidxText([entry])));
    server.answers.set("packs/Tapir.Demo_DFP.pdsc", fileAnswer(pdsc.slice()));
    server.answers.set("packs/Tapir.Demo_DFP.1.0.0.pack", fileAnswer(pack));
    assertEquals((await downloads().updateIndex()).fetched, ["index of packs"]);
    const index = store.index()!;
    assertEquals(index.packs.map(({ name, url }) => [name, url]), [["Demo_DFP", `${server.url}packs/`]]);
    const steps: Progress[] = [];
    const report = await downloads({ progress: (step) => steps.push(step) }).fetchPacks(index.packs);
    assertEquals(report.failures, []);
    assertEquals(report.fetched, ["Tapir::Demo_DFP@1.0.0"]);
    assertEquals(store.installed().map(({ kind, version }) => [kind, version]), [["archive", "1.0.0"]]);
    assertEquals(steps.at(-1), { phase: "download", done: pack.length, total: pack.length });
    assertEquals((await downloads().updateIndex()).unchanged, ["index of packs"]);
    assertEquals((await downloads().fetchPacks(index.packs)).unchanged, ["Tapir::Demo_DFP@1.0.0"]);
  }));

Deno.test("PackDownloads asks the mirror first and the vendor after it", () =>
  withStore(async ({ server, store, downloads }) => {
    const vendor = startServer();
    const entry = { vendor: "V", name: "P_DFP", version: "1.0.0", url: vendor.url };
    server.answers.set("index.pidx", fileAnswer(pidxText([entry])));
    vendor.answers.set("V.P_DFP.1.0.0.pack", fileAnswer(await makePack("V", "P_DFP", "1.0.0", ["V1"])));
    await downloads().updateIndex();
    assertEquals((await downloads().fetchPacks(store.index()!.packs)).failures, []);
    const packs = (requests: PackServer["requests"]) => requests.filter(({ path }) => path.endsWith(".pack")).length;
    assertEquals([packs(server.requests), packs(vendor.requests)], [1, 1]);
    await vendor.close();
  }));

Deno.test("PackDownloads reads the indexes of vendors, each once, even when they name each other", () =>
  withStore(async ({ server, store, downloads }) => {
    const at = (name: string) => ({ vendor: name, url: `${server.url}${name}/` });
    const pack = (vendor: string, version: string) => ({ vendor, name: "P", version, url: "packs/" });
    server.answers.set("index.pidx", fileAnswer(pidxText([pack("A", "1.0.0")], [at("A"), at("B"), at("Gone")])));
    server.answers.set("A/A.pidx", fileAnswer(pidxText([pack("A", "2.0.0")], [at("B")])));
    server.answers.set("B/B.pidx", fileAnswer(pidxText([pack("B", "1.0.0")], [at("A")])));
    const report = await downloads().updateIndex();
    assertEquals(report.failures.map(({ error }) => error.code), ["http-404"]);
    assertEquals(store.index()!.packs.map(({ vendor, version, url }) => [vendor, version, url]), [
      ["A", "2.0.0", `${server.url}A/packs/`],
      ["B", "1.0.0", `${server.url}B/packs/`],
    ]);
    assertEquals(server.requests.map(({ path }) => path).sort(), [
      "A/A.pidx",
      "B/B.pidx",
      "Gone/Gone.pidx",
      "index.pidx",
    ]);
  }));

Deno.test("PackDownloads refuses what is not the pack that was asked for, and goes on with the others", () =>
  withStore(async ({ server, store, downloads }) => {
    const entry = (name: string) => ({ vendor: "V", name, version: "1.0.0", url: server.url });
    const good = await makePack("V", "Good", "1.0.0", ["V1"]);
    server.answers.set("V.Good.1.0.0.pack", fileAnswer(good));
    server.answers.set("V.Other.1.0.0.pack", fileAnswer(good));
    server.answers.set("V.Html.1.0.0.pack", fileAnswer("<html>sign in</html>"));
    server.answers.set("V.Cut.1.0.0.pack", fileAnswer(good.slice(0, 1000)));
    const report = await downloads().fetchPacks(["Good", "Other", "Html", "Cut", "Gone"].map(entry));
    assertEquals(report.fetched, ["V::Good@1.0.0"]);
    const reasons = new Map(report.failures.map(({ what, error }) => [what, error.message]));
    assertStringIncludes(reasons.get("V::Other@1.0.0")!, "it describes V::Good, not V::Other");
    assertStringIncludes(reasons.get("V::Html@1.0.0")!, "not a ZIP archive");
    assertStringIncludes(reasons.get("V::Cut@1.0.0")!, "not a ZIP archive");
    assertStringIncludes(reasons.get("V::Gone@1.0.0")!, "does not have it");
    assertEquals(store.installed().map(({ name }) => name), ["Good"]);
    assert([...Deno.readDirSync(store.path(".Download"))].every(({ name }) => name === "V.Good.1.0.0.pack"));
  }));

Deno.test("PackDownloads says that it is offline", () =>
  withStore(async ({ store, downloads }) => {
    const report = await downloads({ network: undefined }).updateIndex();
    assertEquals(report.failures.map(({ error }) => error.code), ["offline"]);
    assertEquals(store.index(), undefined);
  }));

const real = sharedData("packs");
Deno.test({
  name: `PackDownloads fetches real packs over a bad line${why(real.missing, "packs")}`,
  ignore: real.missing,
  fn: () =>
    withStore(async ({ server, store, downloads }) => {
      const names = ["HDSC.HC32F003.1.0.1", "NXP.MK64F12_DFP.11.0.0", "GigaDevice.GD32E10x_DFP.1.0.3"];
      const entries = names.map((name) => {
        const [, vendor = "", pack = "", version = ""] = /^(\w+)\.(\w+)\.(.*)$/.exec(name)!;
        const bytes = Deno.readFileSync(`${real.path}/${name}.pack`);
        const whole = fileAnswer(bytes);
        server.answers.set(`${name}.pack`, (request, count) =>
          (count === 0 ? cutAnswer(bytes, bytes.length >> 1) : count === 1 ? stallAnswer(bytes, 0) : whole)(
            request,
            count,
          ));
        return { vendor, name: pack, version, url: server.url };
      });
      const report = await downloads().fetchPacks(entries);
      assertEquals(report.failures, []);
      assertEquals(
        store.installed().map(({ path }) =>
          Deno.statSync(path).size
        ),
        [
          "GigaDevice.GD32E10x_DFP.1.0.3",
          "HDSC.HC32F003.1.0.1",
          "NXP.MK64F12_DFP.11.0.0",
        ].map((name) => Deno.statSync(`${real.path}/${name}.pack`).size),
      );
    }),
});
